"""What a piece that has come in offers: likely elements, a copy that is here already, a ZIP that can be opened."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portfolio import web
from portfolio.blueprints.evidence import opening
from portfolio.blueprints.evidence.routes import blueprint, may_cite, rubric_for
from portfolio.errors import DomainError, NotFound
from portfolio.filetypes import ZIP
from portfolio.policy import Permission, Place
from portfolio.queries import evidence as queries
from portfolio.queries import places
from portfolio.queries.evidence import EvidenceSheet
from portfolio.queries.places import EvidenceAt
from portfolio.queries.twins import Alike, Twin, alike, twins
from portfolio.services import merging, openings, suggestions
from portfolio.services.suggestions import Asked
from portfolio.storage import StorageError
from portfolio.wording import explain
from rubric.suggest import Suggestion


@dataclass(frozen=True, slots=True)
class Offers:
    """`entries`: files in the ZIP that can be taken out; `unopened`: why it can't be opened; `cited`: elements."""

    cited: tuple[str, ...]
    twins: tuple[Twin, ...]
    suggestions: tuple[Suggestion, ...] = ()
    alike: tuple[Alike, ...] = ()
    entries: int | None = None
    unopened: str | None = None

    @property
    def any(self) -> bool:
        """Whether there is anything to say beside what cites the piece."""
        return bool(self.suggestions or self.twins or self.alike or self.unopened or self.entries is not None)


@blueprint.get("/evidence/<int:evidence_id>/offers")
@web.guard(Permission.EVIDENCE_READ, places.evidence)
def offers(at: EvidenceAt) -> Any:
    """The offers as a fragment, for the line of an upload that is done."""
    sheet = queries.sheet(web.db(), evidence_id=at.evidence.id)
    place = Place(school_id=at.school.id)
    return render_template(
        "evidence/_offers.html",
        evidence=at.evidence,
        rubric=rubric_for(at.dossier),
        offers=offers_of(at, sheet),
        may_write=web.may(Permission.EVIDENCE_WRITE, place),
        may_cite=may_cite(at),
        in_line=True,
    )


@blueprint.post("/evidence/<int:evidence_id>/merge")
@web.guard(Permission.EVIDENCE_WRITE, places.evidence)
def merge(at: EvidenceAt, evidence_id: int) -> Any:
    """One of two copies is enough: cite the other, make this its new version, or keep both."""
    how, named = request.form.get("how", ""), request.form.get("into", "")
    if how == "both":
        return _told(_("Both are kept."), evidence_id)
    verbs = {"cite": merging.cite_instead, "version": merging.make_version}
    if how not in verbs:
        raise DomainError("merge_unknown", field="how")
    if not (named.isdecimal() and len(named) <= 16):
        raise NotFound()
    moved = verbs[how](web.db(), actor=web.actor(), now=web.now(), spare=at.evidence, kept_id=int(named))
    if moved:
        words = _("The copy is in the trash; cited instead in %(elements)s.", elements=", ".join(moved))
    else:
        words = _("The copy is in the trash; the other piece stands for it.")
    return _told(words, int(named))


def _told(words: str, evidence_id: int) -> Any:
    href = url_for("evidence.show", evidence_id=evidence_id)
    if web.wants_json():
        return jsonify(words=words, href=href)
    flash(words, "ok")
    return redirect(href)


def offers_of(at: EvidenceAt, sheet: EvidenceSheet) -> Offers:
    """What can be done with this piece; nothing of it is stored."""
    dossier_id = at.dossier.id if at.dossier else None
    school_id, piece_id, digest = at.school.id, at.evidence.id, sheet.newest.sha256
    offers = Offers(
        cited=tuple(row.element for row in sheet.citations if row.dossier_id == dossier_id),
        twins=twins(
            web.db(), school_id=school_id, evidence_id=piece_id, sha256=digest, dossier_id=dossier_id
        ),
        alike=alike(web.db(), school_id=school_id, evidence_id=piece_id, sha256=digest),
    )
    if sheet.newest.media_type == ZIP.media_type:
        return _with_archive(at, sheet, offers)
    return offers if offers.cited else replace(offers, suggestions=_suggested(at, sheet))


def _with_archive(at: EvidenceAt, sheet: EvidenceSheet, offers: Offers) -> Offers:
    try:
        source = opening.source_of(at.evidence, sheet)
        entries = openings.count_files(web.services().storage, source, opening.limits())
    except DomainError as error:
        return replace(offers, unopened=explain(error))
    except StorageError:
        return offers
    return replace(offers, entries=entries)


def _suggested(at: EvidenceAt, sheet: EvidenceSheet) -> tuple[Suggestion, ...]:
    rubric, piece = rubric_for(at.dossier), at.evidence
    if rubric is None:
        return ()
    file = Asked(piece.id, piece.title, piece.path or sheet.newest.filename, sheet.newest.sha256)
    return suggestions.suggest(web.db(), rubric, school_id=at.school.id, files=[file])[piece.id]
