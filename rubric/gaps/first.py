"""The first rules: what a submission cannot do without. They look at an element's state and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from rubric.cited import CitedEvidence
from rubric.gaps.model import ElementState, Gap
from rubric.gaps.rules import Rule
from rubric.schoolyears import school_year_of


def unscored(state: ElementState, _window_start: int) -> Gap | None:
    """Nobody has scored it yet: all its points are open."""
    if state.score is not None:
        return None
    return Gap(Rule.UNSCORED, state.code, state.points, {"points": state.points}, claim=state.points)


def no_evidence(state: ElementState, _window_start: int) -> Gap | None:
    """Points are claimed and no file backs them; a score of 0 claims nothing and needs none."""
    if not state.score or state.citations:
        return None
    return Gap(Rule.NO_EVIDENCE, state.code, state.score, {"score": state.score}, claim=state.score)


def no_justification(state: ElementState, _window_start: int) -> Gap | None:
    """Scored, and not a word why; a 0 needs a word too, but risks nothing."""
    if state.score is None or state.justification.strip():
        return None
    return Gap(Rule.NO_JUSTIFICATION, state.code, state.score, {"score": state.score}, claim=state.score)


def full_on_one_old_file(state: ElementState, window_start: int) -> Gap | None:
    """Full marks, and the only file behind them speaks for none of the last three school years."""
    files = {cited.evidence_id for cited in state.citations}
    if state.score != state.points or len(files) != 1:
        return None
    if not all(is_older(cited, window_start) for cited in state.citations):
        return None
    context = {"score": state.score, "evidence_id": files.pop(), "window_start": window_start}
    return Gap(Rule.FULL_ON_ONE_OLD_FILE, state.code, state.score, context, claim=state.score)


def is_older(cited: CitedEvidence, window_start: int) -> bool:
    """Every year it names lies before the window, its date's too; a file that names none is not called old."""
    years = set(cited.years)
    if cited.date is not None:
        years.add(school_year_of(cited.date))
    return bool(years) and max(years) < window_start


FIRST_RULES: tuple[Callable[[ElementState, int], Gap | None], ...] = (
    unscored,
    no_evidence,
    no_justification,
    full_on_one_old_file,
)
