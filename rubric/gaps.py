"""What each element still lacks, and the points that hang on it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from rubric.model import Rubric
from rubric.scoring import ZERO, ElementClaim, Totals, totals, totals_by_indicator

WINDOW_YEARS = 3  # the rubric asks again and again for 近三年
_SCHOOL_YEAR_STARTS = 9  # September


@dataclass(frozen=True, slots=True)
class CitedEvidence:
    """A file cited for an element; a school year is named by the calendar year it starts in."""

    evidence_id: int
    kind: str
    years: frozenset[int]
    date: date | None


@dataclass(frozen=True, slots=True)
class ElementState:
    """One element of a dossier as it stands; a None score is unscored, never 0."""

    code: str
    points: Decimal
    score: Decimal | None
    justification: str = ""
    citations: tuple[CitedEvidence, ...] = ()

    @property
    def claim(self) -> ElementClaim:
        """What it adds to the totals."""
        return ElementClaim(self.code, self.points, self.score, cited=bool(self.citations))


class Rule(StrEnum):
    """The rules, in the order in which they rank where equal points hang on them."""

    UNSCORED = "unscored"
    NO_EVIDENCE = "no_evidence"
    NO_JUSTIFICATION = "no_justification"
    FULL_ON_ONE_OLD_FILE = "full_on_one_old_file"
    UNCITED_EVIDENCE = "uncited_evidence"


class Severity(StrEnum):
    """RISK: the points have nothing to stand on. NOTE: they stand, but somebody should look."""

    RISK = "risk"
    NOTE = "note"


_SEVERITY = {
    Rule.UNSCORED: Severity.RISK,
    Rule.NO_EVIDENCE: Severity.RISK,
    Rule.NO_JUSTIFICATION: Severity.RISK,
    Rule.FULL_ON_ONE_OLD_FILE: Severity.NOTE,
    Rule.UNCITED_EVIDENCE: Severity.NOTE,
}


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is missing; `element` is None where no element is concerned.

    `points_at_risk`: an unscored element puts all its points at risk, every other rule the score it doubts. Gaps
    of one element doubt the same points: add them up with `points_at_risk()`, not by hand.
    """

    rule: Rule
    element: str | None
    points_at_risk: Decimal
    context: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def severity(self) -> Severity:
        """How serious this rule is."""
        return _SEVERITY[self.rule]

    @property
    def key(self) -> str:
        """What a waiver names it by: "C38:no_evidence", "evidence:123:uncited_evidence"."""
        subject = self.element or f"evidence:{self.context['evidence_id']}"
        return f"{subject}:{self.rule}"


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


def school_year_of(day: date) -> int:
    """The school year of a day, by the calendar year it starts in: it begins on 1 September."""
    return day.year if day.month >= _SCHOOL_YEAR_STARTS else day.year - 1


def window_start_of(today: date) -> int:
    """The first of the three school years that end with the current one."""
    return school_year_of(today) - (WINDOW_YEARS - 1)


def _unscored(state: ElementState, window_start: int) -> Gap | None:
    """Nobody has scored it yet: all its points are open."""
    if state.score is not None:
        return None
    return Gap(Rule.UNSCORED, state.code, state.points, {"points": state.points})


def _no_evidence(state: ElementState, window_start: int) -> Gap | None:
    """Points are claimed and no file backs them; a score of 0 claims nothing and needs none."""
    if not state.score or state.citations:
        return None
    return Gap(Rule.NO_EVIDENCE, state.code, state.score, {"score": state.score})


def _no_justification(state: ElementState, window_start: int) -> Gap | None:
    """Scored, and not a word why; a 0 needs a word too, but risks nothing."""
    if state.score is None or state.justification.strip():
        return None
    return Gap(Rule.NO_JUSTIFICATION, state.code, state.score, {"score": state.score})


def _full_on_one_old_file(state: ElementState, window_start: int) -> Gap | None:
    """Full marks, and the only file behind them speaks for none of the last three school years."""
    files = {cited.evidence_id for cited in state.citations}
    if state.score != state.points or len(files) != 1:
        return None
    if not all(_is_older(cited, window_start) for cited in state.citations):
        return None
    context = {"score": state.score, "evidence_id": files.pop(), "window_start": window_start}
    return Gap(Rule.FULL_ON_ONE_OLD_FILE, state.code, state.score, context)


def _is_older(cited: CitedEvidence, window_start: int) -> bool:
    """Every year it names lies before the window; a file that names none is not called old."""
    years = set(cited.years)
    if cited.date is not None:
        years.add(school_year_of(cited.date))
    return bool(years) and max(years) < window_start


_ELEMENT_RULES: tuple[Callable[[ElementState, int], Gap | None], ...] = (
    _unscored,
    _no_evidence,
    _no_justification,
    _full_on_one_old_file,
)


def find_gaps(
    states: Sequence[ElementState], *, window_start: int, uncited: Iterable[tuple[int, str]] = ()
) -> list[Gap]:
    """All gaps, most points at risk first, then in the order of `states` (rubric order), then by rule.

    `window_start` is a school year, see `window_start_of`; `uncited` holds (evidence id, title) of files that no
    element cites. These come last: no points hang on them.
    """
    found = [gap for state in states for rule in _ELEMENT_RULES if (gap := rule(state, window_start))]
    # The sort is stable, and the list above is already in rubric order and, within an element, in rule order.
    found.sort(key=lambda gap: -gap.points_at_risk)
    return found + [_uncited(evidence_id, title) for evidence_id, title in uncited]


def _uncited(evidence_id: int, title: str) -> Gap:
    """A file that was collected and serves no element yet."""
    return Gap(Rule.UNCITED_EVIDENCE, None, ZERO, {"evidence_id": evidence_id, "title": title})


def points_at_risk(gaps: Iterable[Gap]) -> Decimal:
    """The points that hang on these gaps, each point once: the largest gap of each element counts."""
    largest: dict[str, Decimal] = {}
    for gap in gaps:
        if gap.element is not None:
            largest[gap.element] = max(gap.points_at_risk, largest.get(gap.element, ZERO))
    return sum(largest.values(), ZERO)


def status_of(state: ElementState, gaps: Iterable[Gap]) -> ElementStatus:
    """The dot of an element, given the gaps of the dossier; a justified 0 needs no evidence and is OK."""
    rules = {gap.rule for gap in gaps if gap.element == state.code}
    if Rule.UNSCORED in rules:
        return ElementStatus.NONE
    if Rule.NO_EVIDENCE in rules:
        return ElementStatus.BARE
    return ElementStatus.GAP if rules else ElementStatus.OK


def readiness(
    rubric: Rubric,
    states: Iterable[ElementState],
    *,
    window_start: int,
    uncited: Iterable[tuple[int, str]] = (),
) -> Readiness:
    """Where a dossier stands; an element without a state is unscored. Raises KeyError for a foreign code."""
    given = {rubric.element(state.code).code: state for state in states}
    ordered = [given.get(each.code) or ElementState(each.code, each.points, None) for each in rubric.elements]
    claims = {state.code: state.claim for state in ordered}
    gaps = find_gaps(ordered, window_start=window_start, uncited=uncited)
    return Readiness(
        totals=totals(claims.values()),
        by_indicator=totals_by_indicator(rubric, claims),
        statuses={state.code: status_of(state, gaps) for state in ordered},
        gaps=tuple(gaps),
    )
