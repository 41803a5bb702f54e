"""The catalogue of evidence, to read, to print and to take along."""

from __future__ import annotations

from typing import Any

from flask import Response, render_template
from flask_babel import gettext as _

from portfolio import navigation, web
from portfolio.blueprints.evidence.routes import blueprint
from portfolio.documents import catalogue as document
from portfolio.errors import NotFound
from portfolio.filetypes import content_disposition
from portfolio.models import Dossier
from portfolio.policy import Permission
from portfolio.queries import catalogue as queries
from portfolio.queries import places
from portfolio.queries.catalogue import Catalogue, Entry
from portfolio.queries.places import SchoolAt
from portfolio.templating import day, pages, school_year
from portfolio.wording import KINDS

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


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


@blueprint.get("/schools/<int:school_id>/evidence/catalogue.xlsx")
@web.guard(Permission.EVIDENCE_LIST, places.school)
def catalogue_workbook(at: SchoolAt) -> Any:
    """The same as a workbook. Raises NotFound where there is no dossier."""
    if at.dossier is None:
        raise NotFound()
    sheet = _sheet(at.school.name, at.dossier, queries.catalogue(web.db(), at.dossier))
    filename = f"{at.school.name} {_('Catalogue of evidence')}.xlsx"
    headers = {"Content-Disposition": content_disposition(filename, inline=False)}
    return Response(document.workbook(sheet, at=web.now()), mimetype=XLSX, headers=headers)


def _sheet(school: str, dossier: Dossier, found: Catalogue) -> document.Sheet:
    return document.Sheet(
        title=_("Catalogue of evidence"),
        subtitle=f"{school}　{dossier.cycle.name}　{day(web.now())}",
        headings=_headings(),
        sections=tuple(
            document.Section(
                heading=f"{each.indicator.code} {each.indicator.title}",
                groups=tuple(
                    document.Group(
                        heading=f"{group.element.code} {group.element.short_title}",
                        rows=tuple(_cells(entry) for entry in group.entries),
                    )
                    for group in each.elements
                ),
            )
            for each in found.indicators
        ),
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
        _pages(entry),
        str(entry.version),
        entry.remark,
    )


def _pages(entry: Entry) -> str:
    """The pages cited, else how many the file has."""
    if entry.page_from is not None:
        return pages(entry)
    return _("all %(count)s pages", count=entry.page_count) if entry.page_count else ""
