"""What the demo's panel gives and says, and what is written around a published result; nothing here is stored."""

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from statistics import median

from portfolio.demo.claims import drafts_for
from portfolio.demo.content import read, wording_of

EXPERTS = 3
_READ = "documents"


@dataclass(frozen=True)
class ExpertReason:
    """Why experts take points off an element: points lost for each expert, their reasons in turn, the settled one."""

    element: str
    channel: str
    lost: tuple[Decimal, ...]
    reasons: tuple[str, ...]
    final_reason: str


@dataclass(frozen=True)
class ExpertScore:
    """One expert's score; `channel` and `reason` are None and empty where the school's own full marks stand."""

    element: str
    score: Decimal
    channel: str | None
    reason: str


@dataclass(frozen=True)
class FinalScore:
    """The settled score: the experts' median, with a reason wherever points are lost."""

    element: str
    score: Decimal
    reason: str


@lru_cache(maxsize=1)
def expert_reasons() -> tuple[ExpertReason, ...]:
    """The elements in which at least one expert gives less than the school claims."""
    return tuple(
        ExpertReason(
            code,
            entry["channel"],
            tuple(Decimal(points) for points in entry["lost"]),
            tuple(entry["reasons"]),
            entry["final"],
        )
        for code, entry in read("panel.yaml").items()
    )


def expert_scores(school_index: int, expert: int) -> tuple[ExpertScore, ...]:
    """All 84 scores of one expert (0, 1 or 2) for a complete school."""
    reasons = {reason.element: reason for reason in expert_reasons()}
    return tuple(
        _expert_score(draft.element, score, expert, reasons.get(draft.element), school_index)
        for draft in drafts_for(school_index)
        if (score := draft.score) is not None
    )


def final_scores(school_index: int) -> tuple[FinalScore, ...]:
    """All 84 settled scores of a complete school."""
    by_expert = [expert_scores(school_index, expert) for expert in range(EXPERTS)]
    reasons = {reason.element: reason.final_reason for reason in expert_reasons()}
    finals = []
    for draft, *scores in zip(drafts_for(school_index), *by_expert, strict=True):
        settled = median(score.score for score in scores)
        agreed = _agreed_reason(draft.element, school_index)
        lowered = draft.score is not None and settled < draft.score
        finals.append(FinalScore(draft.element, settled, reasons[draft.element] if lowered else agreed))
    return tuple(finals)


def _expert_score(
    code: str, claimed: Decimal, expert: int, why: ExpertReason | None, school_index: int
) -> ExpertScore:
    if why is None or not why.lost[expert]:
        agreed = _agreed_reason(code, school_index)
        return ExpertScore(code, claimed, _READ if agreed else None, agreed)
    turn = sum(1 for lost in why.lost[:expert] if lost)
    return ExpertScore(code, claimed - why.lost[expert], why.channel, why.reasons[turn % len(why.reasons)])


def _agreed_reason(code: str, school_index: int) -> str:
    """Why points are lost where the panel agrees with the school: what the school itself says it lacks."""
    lack = read("assessments.yaml")[code].get("lack")
    return f"认可学校自评：{wording_of(school_index).fill(lack)}" if lack else ""
