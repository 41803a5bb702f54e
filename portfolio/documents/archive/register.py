"""A package's catalogue (卷内目录) and the labels of its boxes, from what its manifest says."""

from __future__ import annotations

from collections.abc import Iterator

from portfolio.documents.archive.contents import Cited, Contents, Submitted
from portfolio.documents.archive.viewer import KINDS, pages_of, years_of
from portfolio.documents.catalogue import Group, Section, Sheet
from portfolio.documents.labels import Label
from rubric.model import Indicator

TITLE = "卷内目录"
HEADINGS = ("编号", "题名", "类别", "学年", "日期", "页码", "版本", "备注")


def catalogue_of(contents: Contents) -> Sheet:
    """Every citation of the package under its number."""
    return Sheet(
        title=TITLE,
        subtitle=f"{contents.school}　{contents.cycle}　申报包 {contents.number} 号",
        headings=HEADINGS,
        sections=tuple(
            Section(f"{indicator.code} {indicator.title}", groups)
            for indicator in contents.rubric.indicators
            if (groups := tuple(_groups(contents, indicator)))
        ),
    )


def labels_of(contents: Contents) -> list[Label]:
    """One label for each A-indicator that has files; what is filed elsewhere is not in its box."""
    labels = []
    for indicator in contents.rubric.indicators:
        here = [c for element in _of(contents, indicator) for c in element.citations if c.here]
        if here:
            labels.append(
                Label(
                    school=contents.school,
                    cycle=contents.cycle,
                    code=indicator.code,
                    title=indicator.title,
                    first=here[0].number,
                    last=here[-1].number,
                    pieces=len(here),
                    years=tuple(sorted({year for cited in here for year in cited.file.years})),
                )
            )
    return labels


def _of(contents: Contents, indicator: Indicator) -> Iterator[Submitted]:
    return (contents.elements[e.code] for e in indicator.elements if e.code in contents.elements)


def _groups(contents: Contents, indicator: Indicator) -> Iterator[Group]:
    numbers = {c.file.id: c.number for e in contents.elements.values() for c in e.citations if c.here}
    for submitted in _of(contents, indicator):
        if submitted.citations:
            heading = f"{submitted.element.code} {submitted.element.short_title}"
            rows = tuple(_cells(cited, numbers[cited.file.id]) for cited in submitted.citations)
            yield Group(heading, rows)


def _cells(cited: Cited, filed_as: str) -> tuple[str, ...]:
    """A line, in the order of the headings."""
    file = cited.file
    elsewhere = "" if cited.here else f"见 {filed_as}"
    return (
        cited.number,
        file.title,
        KINDS.get(file.kind, file.kind),
        years_of(file.years),
        file.date or "",
        pages_of(cited),
        str(file.version),
        "；".join(words for words in (elsewhere, cited.remark, file.remark) if words),
    )
