"""The demo's evidence: what is said about each material, and what its file holds; nothing here is stored or drawn."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from portfolio.demo.content import DATA, DemoSchool, read, school_entry, schools, wording_of
from portfolio.demo.placeholders import Day, HeadCount, Wording


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


@lru_cache(maxsize=8)
def materials_for(school_index: int) -> tuple[Material, ...]:
    """A school's evidence with its citations; the drafting school's has every kind of gap."""
    school, wording, frames = schools()[school_index], wording_of(school_index), read("frames.yaml")
    shift = timedelta(weeks=school_entry(school_index)["weeks_earlier"])
    entries = _drafting_entries() if school.stage == "drafting" else _catalogue()
    return tuple(
        _material(entry, frames[entry["kind"]], school, wording, entry["date"] - shift)
        for entry in entries
        if school.key not in entry.get("skip", ())
    )


def _catalogue() -> list[dict[str, Any]]:
    """The materials every school can have, in the rubric's order."""
    names = sorted(path.name for path in (DATA / "materials").glob("*.yaml"))
    return [entry for name in names for entry in read(f"materials/{name}")]


def _drafting_entries() -> list[dict[str, Any]]:
    """The drafting school's materials: some missing, some citations too, and old or loose files beside them."""
    gaps = read("drafting.yaml")
    missing, bare = set(gaps["missing"]), {*gaps["uncited"], *gaps["old_only"]}
    kept = [
        {**entry, "cites": {code: cite for code, cite in entry["cites"].items() if code not in bare}}
        for entry in _catalogue()
        if entry["id"] not in missing
    ]
    return kept + list(gaps["materials"])


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
