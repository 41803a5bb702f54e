"""From the states of a dossier's elements to its gaps, their points, and its readiness."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from rubric.gaps.first import FIRST_RULES
from rubric.gaps.further import FURTHER_RULES, Claim
from rubric.gaps.model import ElementState, ElementStatus, Gap, Readiness, Scrutiny
from rubric.gaps.rules import Rule, Severity
from rubric.measures import absent, evaluate_all
from rubric.model import Rubric
from rubric.schoolyears import window_from
from rubric.scoring import ZERO, totals, totals_by_indicator

_RANK = {rule: rank for rank, rule in enumerate(Rule)}


def find_gaps(
    states: Sequence[ElementState], *, window_start: int, uncited: Iterable[tuple[int, str]] = ()
) -> list[Gap]:
    """The gaps of the first rules, most points at risk first, then in the order of `states`, then by rule.

    `window_start` is a school year, see `window_start_of`; `uncited` holds (evidence id, title) of files that no
    element cites. These come last: no points hang on them.
    """
    return _ranked(_first(states, window_start), states, uncited)


def find_all_gaps(
    rubric: Rubric,
    states: Sequence[ElementState],
    *,
    window_start: int,
    scrutiny: Scrutiny,
    uncited: Iterable[tuple[int, str]] = (),
) -> list[Gap]:
    """The gaps of every rule, ranked as by `find_gaps`. Raises KeyError for an element of another rubric."""
    found = [*_first(states, window_start), *_further(rubric, states, window_start, scrutiny)]
    return _ranked(found, states, uncited)


def points_at_risk(gaps: Iterable[Gap]) -> Decimal:
    """The points that hang on these gaps: what they add up to, element by element, up to what each claims."""
    added: dict[str, Decimal] = defaultdict(Decimal)
    most: dict[str, Decimal] = defaultdict(Decimal)
    for gap in gaps:
        if gap.element is not None:
            added[gap.element] += gap.points_at_risk
            most[gap.element] = max(most[gap.element], gap.claim, gap.points_at_risk)
    return sum((min(added[code], most[code]) for code in added), ZERO)


def status_of(state: ElementState, gaps: Iterable[Gap]) -> ElementStatus:
    """The dot of an element, given the gaps of the dossier; a justified 0 needs no evidence and is OK.

    Advice doesn't change it: the element is done, and could be better.
    """
    own = [gap for gap in gaps if gap.element == state.code]
    rules = {gap.rule for gap in own if gap.severity is not Severity.ADVICE}
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
    scrutiny: Scrutiny | None = None,
) -> Readiness:
    """Where a dossier stands; an element without a state is unscored. Raises KeyError for a foreign code.

    Without `scrutiny` only the first rules are asked.
    """
    given = {rubric.element(state.code).code: state for state in states}
    ordered = [given.get(each.code) or ElementState(each.code, each.points, None) for each in rubric.elements]
    if scrutiny is None:
        gaps = find_gaps(ordered, window_start=window_start, uncited=uncited)
    else:
        gaps = find_all_gaps(rubric, ordered, window_start=window_start, scrutiny=scrutiny, uncited=uncited)
    claims = {state.code: state.claim for state in ordered}
    of_element: dict[str | None, list[Gap]] = defaultdict(list)
    for gap in gaps:
        of_element[gap.element].append(gap)
    return Readiness(
        totals=totals(claims.values()),
        by_indicator=totals_by_indicator(rubric, claims),
        statuses={state.code: status_of(state, of_element[state.code]) for state in ordered},
        gaps=tuple(gaps),
    )


def _first(states: Iterable[ElementState], window_start: int) -> Iterator[Gap]:
    for state in states:
        for rule in FIRST_RULES:
            if gap := rule(state, window_start):
                yield gap


def _further(
    rubric: Rubric, states: Sequence[ElementState], window_start: int, scrutiny: Scrutiny
) -> Iterator[Gap]:
    for claim in _claims(rubric, states, window_start, scrutiny):
        for rule in FURTHER_RULES:
            yield from rule(claim)


def _claims(
    rubric: Rubric, states: Sequence[ElementState], window_start: int, scrutiny: Scrutiny
) -> Iterator[Claim]:
    """The elements that claim points."""
    years = window_from(window_start)
    results = evaluate_all(rubric, scrutiny.figures, years)
    carried = _carried(states)
    none_there = absent(scrutiny.figures, years[-1])
    around = {
        element.code: child.text
        for indicator in rubric.indicators
        for child in indicator.children
        for element in child.elements
    }
    for state in states:
        element = rubric.element(state.code)
        if state.score:
            yield Claim(
                element=element,
                wording=f"{element.text}\n{around[state.code]}",
                state=state,
                score=state.score,
                years=years,
                scrutiny=scrutiny,
                results=results.get(state.code, ()),
                carried=carried,
                absent=none_there,
                units=rubric.units,
            )


def _carried(states: Iterable[ElementState]) -> Counter[int]:
    """For how many elements each file is cited."""
    return Counter(
        evidence_id for state in states for evidence_id in {cited.evidence_id for cited in state.citations}
    )


def _ranked(
    found: Iterable[Gap], states: Iterable[ElementState], uncited: Iterable[tuple[int, str]]
) -> list[Gap]:
    place = {state.code: position for position, state in enumerate(states)}
    # The sort is stable: gaps of one rule stay in the order of the checklist or the measures.
    ranked = sorted(found, key=lambda gap: (-gap.points_at_risk, place[gap.element or ""], _RANK[gap.rule]))
    return ranked + [_uncited(evidence_id, title) for evidence_id, title in uncited]


def _uncited(evidence_id: int, title: str) -> Gap:
    """A file that was collected and serves no element yet."""
    return Gap(Rule.UNCITED_EVIDENCE, None, ZERO, {"evidence_id": evidence_id, "title": title})
