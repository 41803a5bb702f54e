"""Why something was refused, in a sentence: one table by area, every code once."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from portfolio.errors import DomainError, Refused
from portfolio.wording.phrasing import plain
from portfolio.wording.refusals import dossier, evidence, panel, papers, people, result, visit, worksheet

AREAS = (people, dossier, worksheet, panel, papers, evidence, result, visit)
REFUSALS = {code: words for area in AREAS for code, words in area.REFUSALS.items()}


def explain(error: DomainError) -> str:
    """The sentence for a refusal; where several fields are refused at once, the first one's."""
    if isinstance(error, Refused):
        error = next(iter(error.errors.values()))
    return refusal(error.code, error.context)


def refusal(code: str, context: Mapping[str, Any] = MappingProxyType({})) -> str:
    """The sentence for a code."""
    return str(REFUSALS[code]) % plain(context)


def errors_by_field(refused: Refused) -> dict[str, str]:
    """Each refused field's sentence."""
    return {field: explain(error) for field, error in refused.errors.items()}
