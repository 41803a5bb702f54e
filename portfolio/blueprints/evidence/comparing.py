"""Two versions of a piece of evidence side by side, as text."""

from __future__ import annotations

from typing import Any

from flask import render_template, request

from portfolio import navigation, textdiff, web
from portfolio.blueprints.evidence.routes import blueprint, small_number
from portfolio.errors import NotFound
from portfolio.policy import Permission
from portfolio.queries import places
from portfolio.queries.places import EvidenceAt
from portfolio.queries.versions import VersionName, version_names, version_texts


@blueprint.get("/evidence/<int:evidence_id>/compare")
@web.guard(Permission.EVIDENCE_READ, places.evidence)
def compare(at: EvidenceAt, evidence_id: int) -> Any:
    """What one version says and another doesn't: the newest two, or those asked for."""
    navigation.stand_on(at.school, at.dossier)
    names = version_names(web.db(), evidence_id=evidence_id)
    numbers = _numbers(names)
    shown = version_texts(web.db(), evidence_id=evidence_id, numbers=numbers) if numbers else []
    comparison = None
    if shown and all(version.has_text for version in shown):
        comparison = textdiff.compare(shown[0].pages, shown[1].pages)
    return render_template(
        "evidence/compare.html",
        evidence=at.evidence,
        names=names,
        shown=shown,
        comparison=comparison,
        most=textdiff.MOST_SENTENCES,
    )


def _numbers(names: list[VersionName]) -> tuple[int, int] | None:
    """Which two, the older one first as asked; None where there is only one. Raises NotFound."""
    known = [name.number for name in names]
    if len(known) < 2:
        return None
    old, new = request.args.get("from"), request.args.get("to")
    if old is None and new is None:
        return known[-2], known[-1]
    asked = small_number(old or ""), small_number(new or "")
    if asked[0] not in known or asked[1] not in known or asked[0] == asked[1]:
        raise NotFound()
    return asked  # type: ignore[return-value]
