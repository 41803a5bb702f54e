"""What a step is, and what an area of the panel's work brings: its steps, and what always holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import select

from portfolio.models import Membership, Role, User
from portfolio.policy import Actor
from tests.factories import NOW, actor_for
from tests.supplement_factory import School

CODES = ("C1", "C14", "C26")
SCORES = ("0.3", "0.6", "0.9", "1", "1.7", "")
LOST = object()


class Move(NamedTuple):
    """A step by its name; who takes it, about which element, and with what typed as a score."""

    name: str
    number: int = 0
    code: str = "C14"
    score: str = "0.6"


@dataclass
class Memory:
    """What has been seen, and must be found again."""

    seen: dict[str, dict[Any, Any]] = field(default_factory=dict)

    def keeps(self, what: str, found: Mapping[Any, Any]) -> None:
        """Everything seen before is there, unchanged; what is new is remembered."""
        before = self.seen.get(what, {})
        assert {key: found.get(key, LOST) for key in before} == before, what
        self.seen[what] = dict(found)


class Area(NamedTuple):
    """A part of the panel's work."""

    steps: Mapping[str, Callable[[School, Move], object]]
    always: tuple[Callable[[School, Memory], None], ...]


def by(school: School, actor: Actor) -> dict[str, Any]:
    """What every verb about the panel's assignment is told: who, when, on which."""
    return {"session": school.session, "actor": actor, "now": NOW, "assignment": school.panel.assignment}


def by_chair(school: School) -> dict[str, Any]:
    """The same, of what the panel's chair does."""
    return by(school, school.panel.chair_actor)


def bureau(school: School) -> Actor:
    """Whoever of the bureau is there already: a step leaves nobody behind."""
    officers = select(User).join(Membership).where(Membership.role == Role.BUREAU).order_by(User.id)
    return actor_for(school.session, school.session.scalars(officers.limit(1)).one())


def words(number: int) -> str:
    """What an expert writes anywhere; recognisable as theirs."""
    return f"专家{number}的话。"


def by_another(text: str, number: int) -> bool:
    """Whether some other expert wrote this."""
    return text.startswith("专家") and not text.startswith(words(number))
