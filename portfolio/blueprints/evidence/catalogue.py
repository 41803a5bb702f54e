"""The catalogue of evidence, to read and to print."""

from __future__ import annotations

from typing import Any

from flask import render_template
from flask_babel import gettext as _

from portfolio import navigation, web
from portfolio.blueprints.evidence.routes import blueprint
from portfolio.policy import Permission
from portfolio.queries import catalogue as queries
from portfolio.queries import places
from portfolio.queries.catalogue import Entry
from portfolio.queries.places import SchoolAt
from portfolio.templating import pages, school_year
from portfolio.wording import KINDS


@blueprint.get("/schools/<int:school_id>/evidence/catalogue")
@web.guard(Permission.EVIDENCE_LIST, places.school)
def catalogue(at: SchoolAt) -> Any:
    """Everything the school's newest dossier cites, numbered by element."""
    navigation.stand_on(at.school, at.dossier)
    found = queries.catalogue(web.db(), at.dossier) if at.dossier else None
    return render_template(
        "evidence/catalogue.html",
        school=at.school,
        dossier=at.dossier,
        catalogue=found,
        headings=_headings(),
        cells=_cells,
    )


def _headings() -> tuple[str, ...]:
    return (
        _("Number"),
        _("Title"),
        _("Kind"),
        _("School years"),
        _("Date"),
        _("Pages"),
        _("Version"),
        _("Remark"),
    )


def _cells(entry: Entry) -> tuple[str, ...]:
    """A line, in the order of the headings."""
    return (
        entry.number,
        entry.title,
        str(KINDS[entry.kind]),
        "、".join(school_year(year) for year in entry.years),
        entry.date.isoformat() if entry.date else "",
        pages_words(entry),
        str(entry.version),
        entry.remark,
    )


def pages_words(entry: Entry) -> str:
    """The pages cited, else how many the file has."""
    if entry.page_from is not None:
        return pages(entry)
    return _("all %(count)s pages", count=entry.page_count) if entry.page_count else ""
