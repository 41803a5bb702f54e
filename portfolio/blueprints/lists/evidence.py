"""A school's lists of evidence: the library and what a search finds, the trash, what is not cited, the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portfolio import web, wording
from portfolio.blueprints.evidence.catalogue import pages_words
from portfolio.blueprints.evidence.finding import chosen_from, words_in, yardstick_of
from portfolio.blueprints.evidence.routes import rubric_for
from portfolio.blueprints.lists.root import Column, Listing, of
from portfolio.errors import NotFound
from portfolio.queries import catalogue as catalogue_queries
from portfolio.queries import search
from portfolio.queries.catalogue import Entry
from portfolio.queries.library import Row, whole_library
from portfolio.queries.library_filter import Filter
from portfolio.queries.passages import Segment
from portfolio.queries.places import SchoolAt
from portfolio.queries.search import Hit
from portfolio.queries.trash import Thrown, trash_page
from portfolio.queries.uncited import Uncited, all_uncited
from portfolio.services.trash import KEPT
from portfolio.templating import school_year
from rubric.model import Element

LIBRARY: list[Column[Row]] = [
    Column(_l("Title"), lambda row: row.title),
    Column(_l("Kind"), lambda row: str(wording.KINDS[row.kind])),
    Column(_l("Date"), lambda row: row.date),
    Column(_l("Version"), lambda row: row.number),
    Column(_l("File"), lambda row: row.filename),
    Column(_l("Size, in bytes"), lambda row: row.size),
    Column(_l("Uploaded by"), lambda row: row.uploaded_by),
    Column(_l("Uploaded"), lambda row: row.uploaded_at),
    Column(_l("Elements"), lambda row: " ".join(row.elements)),
    Column(_l("Problems"), lambda row: "; ".join(str(wording.PROBLEMS[each].name) for each in row.problems)),
]


def _said(segments: Sequence[Segment]) -> str:
    return "".join(words for words, _marked in segments)


HITS: list[Column[Hit]] = [
    Column(_l("Title"), lambda row: row.name),
    Column(_l("Kind"), lambda row: str(wording.KINDS[row.kind])),
    Column(_l("Date"), lambda row: row.date),
    Column(_l("Version"), lambda row: row.number),
    Column(_l("File"), lambda row: row.filename),
    Column(_l("Page"), lambda row: row.page),
    Column(_l("Passage"), lambda row: _said(row.passage)),
    Column(_l("Further pages"), lambda row: row.more),
    Column(_l("Elements"), lambda row: " ".join(cited.element for cited in row.citations)),
]


@of("evidence.library", "/schools/<int:school_id>/evidence", _l("Evidence"), keeps=("element",))
def evidence(at: SchoolAt) -> Listing[Any]:
    """What of the library is looked at, or what a search found."""
    chosen, yardstick = chosen_from(request.args, rubric_for(at.dossier)), yardstick_of(at)
    title = f"{at.school.name} {_('Evidence')}"
    if chosen.q:
        return Listing(title, HITS, search.find_all(web.db(), yardstick=yardstick, chosen=chosen))
    return Listing(title, LIBRARY, whole_library(web.db(), yardstick=yardstick, chosen=chosen))


TRASH: list[Column[Thrown]] = [
    Column(_l("Title"), lambda row: row.title),
    Column(_l("Kind"), lambda row: str(wording.KINDS[row.kind])),
    Column(_l("In the trash since"), lambda row: row.trashed_at),
    Column(_l("Put there by"), lambda row: row.by),
    Column(_l("Days left"), lambda row: row.days_left(web.now(), KEPT)),
]


@of("evidence.trash", "/schools/<int:school_id>/evidence/trash", _l("Trash"))
def trash(at: SchoolAt) -> Listing[Any]:
    """The whole trash, or what a search found in it."""
    title, q = f"{at.school.name} {_('Trash')}", words_in(request.args)
    if q:
        found = search.find_all(web.db(), yardstick=yardstick_of(at), chosen=Filter(q=q), trashed=True)
        return Listing(title, HITS, found)
    return Listing(title, TRASH, trash_page(web.db(), school_id=at.school.id, most=None))


UNCITED: list[Column[Uncited]] = [
    Column(_l("Title"), lambda row: row.title),
    Column(_l("Folder"), lambda row: row.folder),
    Column(_l("File"), lambda row: row.path.rpartition("/")[2]),
    Column(_l("Version"), lambda row: row.number),
]


@of("evidence.uncited", "/schools/<int:school_id>/evidence/uncited", _l("Not cited yet"))
def uncited(at: SchoolAt) -> Listing[Uncited]:
    """The files that nothing cites."""
    if at.dossier is None:
        raise NotFound()
    rows = all_uncited(web.db(), school_id=at.school.id, dossier_id=at.dossier.id)
    return Listing(f"{at.school.name} {_('Not cited yet')}", UNCITED, rows)


class Line(NamedTuple):
    """A line of the catalogue, with the element it stands under."""

    element: Element
    entry: Entry


CATALOGUE: list[Column[Line]] = [
    Column(_l("Number"), lambda row: row.entry.number),
    Column(_l("Title"), lambda row: row.entry.title),
    Column(_l("Kind"), lambda row: str(wording.KINDS[row.entry.kind])),
    Column(_l("School years"), lambda row: "、".join(school_year(year) for year in row.entry.years)),
    Column(_l("Date"), lambda row: row.entry.date),
    Column(_l("Pages"), lambda row: pages_words(row.entry)),
    Column(_l("Version"), lambda row: row.entry.version),
    Column(_l("Remark"), lambda row: row.entry.remark),
    Column(_l("Element"), lambda row: row.element.code),
    Column(_l("Wording"), lambda row: row.element.short_title),
]


@of("evidence.catalogue", "/schools/<int:school_id>/evidence/catalogue", _l("Catalogue of evidence"))
def catalogue(at: SchoolAt) -> Listing[Line]:
    """Every citation of the school's newest dossier, numbered by its element."""
    if at.dossier is None:
        raise NotFound()
    found = catalogue_queries.catalogue(web.db(), at.dossier)
    lines = [
        Line(group.element, entry)
        for each in found.indicators
        for group in each.elements
        for entry in group.entries
    ]
    return Listing(f"{at.school.name} {_('Catalogue of evidence')}", CATALOGUE, lines)
