"""Files that nothing cites: gone through quickly, with suggestions that a person accepts, several at once."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from portfolio import navigation, web
from portfolio.blueprints.evidence.order import LONGEST_ID
from portfolio.blueprints.evidence.routes import blueprint, may_cite, offer_undo, rubric_for, small_number
from portfolio.errors import NotFound
from portfolio.policy import Permission
from portfolio.queries import places
from portfolio.queries import uncited as queries
from portfolio.queries.places import SchoolAt
from portfolio.queries.uncited import Uncited
from portfolio.services import placing, suggestions
from portfolio.services.placing import Placed
from portfolio.services.suggestions import Asked
from portfolio.wording import explain
from rubric.suggest import Suggestion

MOST_ASKED = 100  # pieces of which one fragment tells


@blueprint.get("/schools/<int:school_id>/evidence/uncited")
@web.guard(Permission.EVIDENCE_LIST, places.school)
def uncited(at: SchoolAt, school_id: int) -> Any:
    """The files that nothing cites, with suggestions to tick."""
    navigation.stand_on(at.school, at.dossier)
    if at.dossier is None:
        raise NotFound()
    shown = queries.uncited_page(
        web.db(),
        school_id=school_id,
        dossier_id=at.dossier.id,
        page=small_number(request.args.get("page", "")) or 1,
    )
    return render_template(
        "evidence/uncited.html",
        school=at.school,
        rubric=rubric_for(at.dossier),
        shown=shown,
        suggested=_suggested(at, shown.files),
        may_cite=may_cite(at),
    )


@blueprint.post("/schools/<int:school_id>/evidence/uncited")
@web.guard(Permission.CITATION_WRITE, places.school)
def place(at: SchoolAt, school_id: int) -> Any:
    """Accept the suggestions that were ticked, or take them back."""
    if at.dossier is None:
        raise NotFound()
    picks = placing.read_picks(request.form.getlist("picks"))
    verb = placing.uncite_many if request.form.get("do") == "undo" else placing.cite_many
    outcome = verb(web.db(), actor=web.actor(), now=web.now(), dossier_id=at.dossier.id, picks=picks)
    if isinstance(outcome, Placed):
        _tell(outcome, school_id)
    else:
        flash(ngettext("%(num)s citation taken back", "%(num)s citations taken back", outcome), "ok")
    page = small_number(request.form.get("page", ""))
    return redirect(url_for("evidence.uncited", school_id=school_id, page=page if page != 1 else None))


def _tell(placed: Placed, school_id: int) -> None:
    """What was cited, with its undo, and what was refused, for the next page."""
    for _evidence_id, error in placed.refused[:3]:
        flash(_("Not cited: %(reason)s", reason=explain(error)), "gap")
    if placed.cited:
        count = len(placed.cited)
        words = ngettext("%(num)s suggestion accepted", "%(num)s suggestions accepted", count)
        picks = " ".join(f"{evidence_id}:{element}" for evidence_id, element in placed.cited)
        offer_undo(words, url_for("evidence.place", school_id=school_id), do="undo", picks=picks)


@blueprint.get("/schools/<int:school_id>/evidence/suggestions")
@web.guard(Permission.EVIDENCE_LIST, places.school)
def suggest(at: SchoolAt, school_id: int) -> Any:
    """Suggestions for the pieces of a list as a fragment, so that the list itself waits for none."""
    ids = [int(word) for word in request.args.get("ids", "").split(",")[:MOST_ASKED] if _is_id(word)]
    found: tuple[Uncited, ...] = ()
    if at.dossier is not None and ids and may_cite(at):
        found = queries.uncited_among(web.db(), school_id=school_id, dossier_id=at.dossier.id, ids=ids)
    return render_template(
        "evidence/_suggestions.html", rubric=rubric_for(at.dossier), suggested=_suggested(at, found)
    )


def _is_id(word: str) -> bool:
    return word.isascii() and word.isdecimal() and len(word) <= LONGEST_ID


def _suggested(at: SchoolAt, files: Collection[Uncited]) -> dict[int, tuple[Suggestion, ...]]:
    rubric = rubric_for(at.dossier)
    asked = [Asked(file.id, file.title, file.path, file.sha256) for file in files]
    return suggestions.suggest(web.db(), rubric, school_id=at.school.id, files=asked) if rubric else {}
