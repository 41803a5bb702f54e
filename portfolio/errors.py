"""What the domain refuses, as codes; templates put them into the reader's language."""

from __future__ import annotations

from typing import Any


class DomainError(Exception):
    """A refusal: `code` names the rule, `context` what its sentence needs, `field` the input it stands beside."""

    def __init__(self, code: str, *, field: str | None = None, **context: object) -> None:
        super().__init__(code)
        self.code = code
        self.field = field
        self.context = context


class NotFound(DomainError):
    """There is no such thing, or the actor may not know of it."""

    def __init__(self, code: str = "not_found", **context: Any) -> None:
        super().__init__(code, **context)


class StaleWrite(DomainError):
    """Somebody saved first; `current` is what stands now."""

    def __init__(self, current: object) -> None:
        super().__init__("stale_write")
        self.current = current


class Refused(DomainError):
    """Several inputs of one form are refused at once; `errors` maps each field to its own refusal."""

    def __init__(self, errors: dict[str, DomainError]) -> None:
        super().__init__("refused")
        self.errors = errors
