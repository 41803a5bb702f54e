"""What the demo's schools say of themselves: points claimed and why, and what they counted."""

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from portfolio.demo.content import DemoSchool, read, schools, wording_of
from portfolio.demo.materials import materials_for
from portfolio.demo.placeholders import Wording

_LACK_LEADS = ("不足：", "尚需改进：", "未给满分的原因：")
_STEP = Decimal("0.1")
_LEAST_SHARE = Decimal("0.7")


@dataclass(frozen=True)
class Draft:
    """A school's self-assessment of an element: points claimed (None: not yet scored) and why."""

    element: str
    score: Decimal | None
    justification: str


@dataclass(frozen=True)
class Counted:
    """A figure as a school enters it: one value, or three of three school years, the oldest first.

    `proof` is the key of the material that shows it, at `page`.
    """

    figure: str
    values: tuple[str, ...]
    proof: str | None
    page: int | None


@lru_cache(maxsize=8)
def drafts_for(school_index: int) -> tuple[Draft, ...]:
    """A school's self-assessments of all 84 elements, in the rubric's order."""
    school, wording = schools()[school_index], wording_of(school_index)
    drafts = tuple(
        _draft(code, entry, school, school_index, wording) for code, entry in read("assessments.yaml").items()
    )
    return tuple(map(_unfinished, drafts)) if school.stage == "drafting" else drafts


def figures_for(school_index: int) -> tuple[Counted, ...]:
    """What a school counted; the drafting school has not finished."""
    school, wording, data = schools()[school_index], wording_of(school_index), read("figures.yaml")
    own = {
        figure: {**data["counted"].get(figure, {}), "value": value}
        for figure, value in data["own"][school.key].items()
    }
    missing = data["missing"] if school.stage == "drafting" else ()
    had = {material.key for material in materials_for(school_index)}
    return tuple(
        _counted(figure, entry, had, wording)
        for figure, entry in {**data["counted"], **own}.items()
        if figure not in missing
    )


def _counted(figure: str, entry: dict[str, Any], had: set[str], wording: Wording) -> Counted:
    proof, page = entry.get("proof", (None, None))
    shown = proof in had
    return Counted(
        figure=figure,
        values=tuple(wording.fill(value) for value in entry.get("values", [entry.get("value")])),
        proof=proof if shown else None,
        page=page if shown else None,
    )


def _draft(
    code: str, entry: dict[str, Any], school: DemoSchool, school_index: int, wording: Wording
) -> Draft:
    done = entry["boarding"] if school.boarding and "boarding" in entry else entry["done"]
    lack = entry.get("lack")
    score = _claimed(code, Decimal(entry["score"]), school_index, lowerable=lack is not None)
    text = done + _LACK_LEADS[_number(code) % len(_LACK_LEADS)] + lack if lack else done
    return Draft(code, score, wording.fill(text))


def _claimed(code: str, score: Decimal, school_index: int, *, lowerable: bool) -> Decimal:
    """The self-score; two of the schools are a step stricter in every third element that lacks something."""
    stricter = lowerable and school_index < 2 and _number(code) % 3 == school_index
    full = score.to_integral_value(rounding="ROUND_CEILING")
    return score - _STEP if stricter and score - _STEP >= _LEAST_SHARE * full else score


def _unfinished(draft: Draft) -> Draft:
    """A self-assessment as the drafting school has it so far."""
    gaps = read("drafting.yaml")
    code, text = draft.element, draft.justification
    if code in gaps["unscored"]:
        return Draft(code, None, text if code in gaps["worded"] else "")
    if code in gaps["unjustified"]:
        return Draft(code, draft.score, "")
    if code in gaps["full_marks"]:
        return Draft(code, Decimal(gaps["full_marks"][code]), _without_lack(text))
    return draft


def _without_lack(text: str) -> str:
    for lead in _LACK_LEADS:
        text = text.partition(lead)[0]
    return text


def _number(code: str) -> int:
    return int(code.removeprefix("C"))
