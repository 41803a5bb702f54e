"""What the demo's schools, people, evidence, self-assessments and panel say; nothing here is stored or drawn."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from portfolio.demo.placeholders import Day, HeadCount, Wording

DATA = Path(__file__).parent / "data"
EXPERTS = 3
_LACK_LEADS = ("不足：", "尚需改进：", "未给满分的原因：")
_STEP = Decimal("0.1")
_LEAST_SHARE = Decimal("0.7")


@dataclass(frozen=True)
class DemoPerson:
    """Somebody with an account; `school` is the school's key, None for the panel and the bureau."""

    name: str
    username: str
    role: str
    school: str | None = None


@dataclass(frozen=True)
class DemoSchool:
    """One invented school; `stage` is drafting, review or published."""

    key: str
    name: str
    district: str
    stage: str
    level: str
    boarding: bool
    grades: tuple[str, ...]
    pupils: int
    teachers: int
    classes: int


@dataclass(frozen=True)
class Citation:
    """What a material shows for an element; `page` counts from 1 and is None where the format has none."""

    element: str
    page: int | None
    remark: str


@dataclass(frozen=True)
class Page:
    """One page of a PDF, or one section of another document; `facts` are the labelled lines at its head."""

    heading: str
    facts: tuple[tuple[str, str], ...]
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Figures of a workbook; `summed` are columns, `rate` is (title, numerator column, denominator column)."""

    sheet: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    summed: tuple[int, ...]
    rate: tuple[str, int, int] | None


@dataclass(frozen=True)
class Material:
    """One piece of evidence: what is said about it, and what its file holds."""

    key: str
    title: str
    file_name: str
    format: str
    kind: str
    school_years: tuple[int, ...]
    dated_on: date
    remark: str
    citations: tuple[Citation, ...]
    opening: str
    closing: str
    pages: tuple[Page, ...]
    table: Table | None
    scene: str | None


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
def schools() -> tuple[DemoSchool, ...]:
    """The three schools: drafting, under review, published."""
    data = read_data("schools.yaml")
    return tuple(_school(entry, data["district"]) for entry in data["schools"])


def people(school_index: int) -> tuple[DemoPerson, ...]:
    """A school's lead, principal and two contributors."""
    entry = _school_entry(school_index)
    return tuple(
        DemoPerson(
            entry["staff"][account["staff"]],
            f"{entry['key']}.{account['suffix']}",
            account["role"],
            entry["key"],
        )
        for account in read_data("schools.yaml")["accounts"]
    )


def panel() -> tuple[DemoPerson, ...]:
    """Three experts and their chair."""
    return tuple(DemoPerson(**entry) for entry in read_data("schools.yaml")["panel"])


def district_office() -> tuple[DemoPerson, ...]:
    """The bureau's and the observer's account."""
    return tuple(DemoPerson(**entry) for entry in read_data("schools.yaml")["district_office"])


@lru_cache(maxsize=8)
def materials_for(school_index: int) -> tuple[Material, ...]:
    """A school's evidence with its citations; the drafting school's has every kind of gap."""
    school, wording, frames = schools()[school_index], wording_of(school_index), read_data("frames.yaml")
    shift = timedelta(weeks=_school_entry(school_index)["weeks_earlier"])
    entries = _drafting_entries() if school.stage == "drafting" else _catalogue()
    return tuple(
        _material(entry, frames[entry["kind"]], school, wording, entry["date"] - shift)
        for entry in entries
        if school.key not in entry.get("skip", ())
    )


@lru_cache(maxsize=8)
def drafts_for(school_index: int) -> tuple[Draft, ...]:
    """A school's self-assessments of all 84 elements, in the rubric's order."""
    school, wording = schools()[school_index], wording_of(school_index)
    drafts = tuple(
        _draft(code, entry, school, school_index, wording)
        for code, entry in read_data("assessments.yaml").items()
    )
    return tuple(map(_unfinished, drafts)) if school.stage == "drafting" else drafts


def figures_for(school_index: int) -> tuple[Counted, ...]:
    """What a school counted; the drafting school has not finished."""
    school, wording, data = schools()[school_index], wording_of(school_index), read_data("figures.yaml")
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
        for code, entry in read_data("panel.yaml").items()
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


@lru_cache(maxsize=16)
def read_data(name: str) -> Any:
    """One data file of the demo."""
    return yaml.load((DATA / name).read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _catalogue() -> list[dict[str, Any]]:
    """The materials every school can have, in the rubric's order."""
    names = sorted(path.name for path in (DATA / "materials").glob("*.yaml"))
    return [entry for name in names for entry in read_data(f"materials/{name}")]


def _drafting_entries() -> list[dict[str, Any]]:
    """The drafting school's materials: some missing, some citations too, and old or loose files beside them."""
    gaps = read_data("drafting.yaml")
    missing, bare = set(gaps["missing"]), {*gaps["uncited"], *gaps["old_only"]}
    kept = [
        {**entry, "cites": {code: cite for code, cite in entry["cites"].items() if code not in bare}}
        for entry in _catalogue()
        if entry["id"] not in missing
    ]
    return kept + list(gaps["materials"])


def _school_entry(school_index: int) -> dict[str, Any]:
    entry: dict[str, Any] = read_data("schools.yaml")["schools"][school_index]
    return entry


def _school(entry: dict[str, Any], district: str) -> DemoSchool:
    figures = entry["figures"]
    return DemoSchool(
        key=entry["key"],
        name=entry["name"],
        district=district,
        stage=entry["stage"],
        level=entry["level"],
        boarding=entry["boarding"],
        grades=tuple(entry["grades"]),
        pupils=figures["pupils"],
        teachers=figures["teachers"],
        classes=figures["classes"],
    )


def wording_of(school_index: int) -> Wording:
    """Every placeholder a school's texts may use."""
    entry = _school_entry(school_index)
    counts = {name: HeadCount(count) for name, count in entry["figures"].items()}
    return Wording(
        {"school": entry["name"], "level": entry["level"], **entry["wording"], **entry["staff"], **counts}
    )


def _material(
    entry: dict[str, Any], frame: dict[str, str], school: DemoSchool, wording: Wording, dated_on: date
) -> Material:
    words = wording.about(day=Day(dated_on.year, dated_on.month, dated_on.day))
    return Material(
        key=entry["id"],
        title=words.fill(entry["title"]),
        file_name=entry["file"],
        format=entry["format"],
        kind=entry["kind"],
        school_years=tuple(entry["years"]),
        dated_on=dated_on,
        remark=entry["remark"],
        citations=tuple(Citation(code, page, remark) for code, (page, remark) in entry["cites"].items()),
        opening=words.fill(frame["opening"]),
        closing=words.fill(frame["closing"]),
        pages=tuple(_page(page, words) for page in entry["pages"]),
        table=_table(entry["table"], school, words) if "table" in entry else None,
        scene=entry.get("scene"),
    )


def _page(entry: dict[str, Any], words: Wording) -> Page:
    return Page(
        heading=words.fill(entry["h"]),
        facts=tuple((label, words.fill(value)) for label, value in entry.get("head", {}).items()),
        paragraphs=tuple(words.fill(paragraph) for paragraph in entry["p"]),
    )


def _table(entry: dict[str, Any], school: DemoSchool, words: Wording) -> Table:
    header = tuple(entry["header"])
    rate = entry.get("rate")
    return Table(
        sheet=entry["sheet"],
        header=header,
        rows=_grade_rows(entry["each_grade"], school, words)
        if "each_grade" in entry
        else tuple(tuple(words.fill(cell) for cell in row) for row in entry["rows"]),
        summed=tuple(header.index(title) for title in entry["sum"]),
        rate=(rate[0], header.index(rate[1]), header.index(rate[2])) if rate else None,
    )


def _grade_rows(cells: list[str], school: DemoSchool, words: Wording) -> tuple[tuple[str, ...], ...]:
    """One row a grade; the grades' sizes differ a little and add up to the school's pupils."""
    count = len(school.grades)
    sizes = [
        school.pupils // count + (1 if position % 2 else -1) * (3 + position) for position in range(count)
    ]
    sizes[-1] += school.pupils - sum(sizes)
    return tuple(
        tuple(words.about(grade=grade, size=HeadCount(size)).fill(cell) for cell in cells)
        for grade, size in zip(school.grades, sizes, strict=True)
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
    gaps = read_data("drafting.yaml")
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


def _expert_score(
    code: str, claimed: Decimal, expert: int, why: ExpertReason | None, school_index: int
) -> ExpertScore:
    if why is None or not why.lost[expert]:
        agreed = _agreed_reason(code, school_index)
        return ExpertScore(code, claimed, _READ if agreed else None, agreed)
    turn = sum(1 for lost in why.lost[:expert] if lost)
    return ExpertScore(code, claimed - why.lost[expert], why.channel, why.reasons[turn % len(why.reasons)])


_READ = "documents"


def _agreed_reason(code: str, school_index: int) -> str:
    """Why points are lost where the panel agrees with the school: what the school itself says it lacks."""
    lack = read_data("assessments.yaml")[code].get("lack")
    return f"认可学校自评：{wording_of(school_index).fill(lack)}" if lack else ""


def _number(code: str) -> int:
    return int(code.removeprefix("C"))
