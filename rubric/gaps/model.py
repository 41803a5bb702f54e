"""The words in which gaps are spoken of: states, rules, how serious each is, gaps, readiness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from rubric.cited import CitedEvidence
from rubric.figures import Figures
from rubric.gaps.rules import FACTS, Rule, Severity
from rubric.gaps.weights import Weights
from rubric.scoring import ZERO, ElementClaim, Totals

__all__ = ["ElementState", "ElementStatus", "Gap", "Readiness", "Rule", "Scrutiny", "Severity"]


@dataclass(frozen=True, slots=True)
class ElementState:
    """One element of a dossier as it stands; a None score is unscored, never 0.

    `by_hand`: codes of the expected materials that somebody ticked with a reason, though no citation shows them.
    """

    code: str
    points: Decimal
    score: Decimal | None
    justification: str = ""
    citations: tuple[CitedEvidence, ...] = ()
    by_hand: frozenset[str] = frozenset()

    @property
    def claim(self) -> ElementClaim:
        """What it adds to the totals."""
        return ElementClaim(self.code, self.points, self.score, cited=bool(self.citations))


@dataclass(frozen=True, slots=True)
class Scrutiny:
    """What all the rules need to know beside the elements; without it only the first are asked.

    `submitted_at`: aware, in the school's own time zone; now, while the dossier is being written.
    """

    submitted_at: datetime
    weights: Weights
    figures: Figures = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is missing; `element` is None where no element is concerned.

    `points_at_risk`: an unscored element puts all its points at risk, every other rule a share of the score it
    doubts; `claim` is the whole of what it can doubt. Gaps of one element doubt the same points: add them up with
    `points_at_risk()`, not by hand. `part`: the material or measure, where a rule speaks of several.
    """

    rule: Rule
    element: str | None
    points_at_risk: Decimal
    context: Mapping[str, Any] = field(default_factory=dict, hash=False)
    part: str = ""
    claim: Decimal = ZERO

    @property
    def severity(self) -> Severity:
        """How serious this rule is."""
        return FACTS[self.rule].severity

    @property
    def blocks(self) -> bool:
        """Whether it stands in the way of submitting until it is fixed or waived with a reason."""
        return FACTS[self.rule].blocks

    @property
    def for_school_only(self) -> bool:
        """Whether only the school itself is told."""
        return FACTS[self.rule].for_school_only

    @property
    def key(self) -> str:
        """What a waiver names it by: "C38:no_evidence", "C38:plan:missing_material", "evidence:123:uncited_evidence".

        The rule always stands last, and a key never changes its meaning: waivers of years ago are read by it.
        """
        subject = self.element or f"evidence:{self.context['evidence_id']}"
        return ":".join(filter(None, [subject, self.part, str(self.rule)]))


class ElementStatus(StrEnum):
    """NONE: unscored. BARE: claims points without evidence. GAP: something else is missing. OK: nothing is."""

    NONE = "none"
    BARE = "bare"
    OK = "ok"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Readiness:
    """How far a dossier is: totals in all and by A and B code, the status of each element, the ranked gaps."""

    totals: Totals
    by_indicator: Mapping[str, Totals]
    statuses: Mapping[str, ElementStatus]
    gaps: tuple[Gap, ...]
