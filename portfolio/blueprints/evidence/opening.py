"""A ZIP opened on the server: what became of each file in it."""

from __future__ import annotations

from typing import Any

from flask import render_template

from portfolio import navigation, web
from portfolio.archives import Limits
from portfolio.blueprints.evidence.routes import blueprint, may_cite, rubric_for
from portfolio.db import begin_write
from portfolio.models import Evidence
from portfolio.policy import Permission
from portfolio.queries import evidence as queries
from portfolio.queries import places
from portfolio.queries.evidence import EvidenceSheet
from portfolio.queries.places import EvidenceAt
from portfolio.services import openings, suggestions
from portfolio.services.openings import Outcome, Source
from portfolio.services.suggestions import Asked
from rubric.suggest import Suggestion


@blueprint.post("/evidence/<int:evidence_id>/opening")
@web.streams
@web.guard(Permission.EVIDENCE_WRITE, places.evidence)
def open_archive(at: EvidenceAt, evidence_id: int) -> Any:
    """Take every file out of a ZIP: first all bytes into the store, then all rows in one transaction."""
    source = source_of(at.evidence, queries.sheet(web.db(), evidence_id=evidence_id))
    dossier_id = at.dossier.id if at.dossier else None
    storage = web.services().storage
    web.db().rollback()
    folder = web.settings().uploads_folder
    unpacked = openings.unpack(storage, source, limits=limits(), folder=folder)
    begin_write(web.db())
    outcomes = openings.take_in(
        web.db(),
        actor=web.actor(),
        now=web.now(),
        source=source,
        unpacked=unpacked,
        dossier_id=dossier_id,
        storage=storage,
    )
    return _result(places.evidence(web.db(), evidence_id=evidence_id)[0], outcomes)


def _result(at: EvidenceAt, outcomes: list[Outcome]) -> str:
    navigation.stand_on(at.school, at.dossier)
    return render_template(
        "evidence/opened.html",
        evidence=at.evidence,
        school=at.school,
        dossier=at.dossier,
        rubric=rubric_for(at.dossier),
        outcomes=outcomes,
        suggested=_suggested(at, outcomes),
        may_cite=may_cite(at),
        taken=sum(1 for outcome in outcomes if outcome.evidence_id and not outcome.already),
    )


def _suggested(at: EvidenceAt, outcomes: list[Outcome]) -> dict[int, tuple[Suggestion, ...]]:
    rubric = rubric_for(at.dossier)
    files = [
        Asked(outcome.evidence_id, outcome.title, outcome.path)
        for outcome in outcomes
        if outcome.evidence_id is not None and not outcome.elements
    ]
    return suggestions.suggest(web.db(), rubric, school_id=at.school.id, files=files) if rubric else {}


def source_of(evidence: Evidence, sheet: EvidenceSheet) -> Source:
    """The newest file of a piece, as something to open."""
    newest = sheet.newest
    return Source(
        evidence.id, evidence.title, evidence.school_id, newest.sha256, newest.size, newest.media_type
    )


def limits() -> Limits:
    """What this installation opens."""
    settings = web.settings()
    return Limits(openings.MOST_ENTRIES, settings.max_archive_bytes, settings.max_upload_bytes)
