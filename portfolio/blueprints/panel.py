"""An expert's pages: my packages, and the workspace where an element is scored beside its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portfolio import heat, navigation, web, wording
from portfolio.blueprints.evidence.viewing import opened_at
from portfolio.blueprints.forms import unsaved
from portfolio.editions import rubric_of
from portfolio.errors import DomainError, Refused, StaleWrite
from portfolio.jsonbody import read_json
from portfolio.models import Assignment, ElementReview, Review, User
from portfolio.policy import Permission
from portfolio.queries import derived, places
from portfolio.queries import panel as queries
from portfolio.queries.beside import beside_score
from portfolio.queries.calls import my_calls
from portfolio.queries.derived import Viewing
from portfolio.queries.my_packages import my_packages
from portfolio.queries.panel import Desk, Show
from portfolio.services import interests, panels, reviews
from portfolio.services.dossiers import based_on
from portfolio.templating import days_until, score
from rubric.model import Channel, Element, Rubric

blueprint = Blueprint("panel", __name__)


@blueprint.get("/reviews")
@web.guard(Permission.REVIEW_LIST)
def packages() -> Any:
    """My packages: what I score, what I chair, what I keep away from."""
    return _packages_page()


@blueprint.get("/reviews/<int:review_id>")
@web.guard(Permission.REVIEW_READ, places.review)
def review(review: Review) -> Any:
    """To the first element still to do."""
    code = queries.first_to_do(web.db(), review, _rubric(review))
    return redirect(url_for("panel.element", review_id=review.id, code=code))


@blueprint.get("/reviews/<int:review_id>/elements/<code>")
@web.guard(Permission.REVIEW_READ, queries.element)
def element(review: Review, code: str) -> Any:
    """The workspace at an element."""
    return _workspace(review, code)


@blueprint.put("/reviews/<int:review_id>/elements/<code>")
@web.guard(Permission.REVIEW_SCORE, queries.element)
def save_element(review: Review, code: str) -> Any:
    """Save as typed: 200 {version, saved_at, score, progress}, 409 {current}, 422 {errors}."""
    try:
        row = _save(review, code, read_json(request))
    except (Refused, StaleWrite) as error:
        return unsaved(error, _as_json)
    progress = reviews.progress(web.db(), review)
    return jsonify(
        version=row.version,
        saved_at=web.now().isoformat(),
        score=_as_json(row)["score"],
        progress={"done": progress.done, "total": progress.total},
    )


@blueprint.post("/reviews/<int:review_id>/elements/<code>")
@web.guard(Permission.REVIEW_SCORE, queries.element)
def submit_element(review: Review, review_id: int, code: str) -> Any:
    """The same save as a form, then on to the next element; for browsers without scripts."""
    form = request.form
    typed = dict(form) | {"flagged": "flagged" in form, "score": _score_of(form)}
    if phrase := form.get("phrase"):
        # nothing is saved yet: the phrase stands in the form, to be gone on with
        reason = "\n".join(filter(None, (form.get("reason", "").rstrip(), phrase)))
        return _workspace(review, code, typed=typed | {"reason": reason})
    if form.get("same"):
        typed |= _confirmed(typed)
    try:
        _save(review, code, typed | {"score": typed["score"] or None})
    except Refused as refused:
        return _workspace(_undone(review_id), code, typed=typed, errors=wording.errors_by_field(refused)), 422
    except StaleWrite:
        return _workspace(_undone(review_id), code, typed=typed, stale=True), 409
    return redirect(
        web.local_target(form.get("next")) or url_for("panel.element", review_id=review_id, code=code)
    )


@blueprint.post("/reviews/<int:review_id>/elements/<code>/correction")
@web.guard(Permission.REVIEW_SCORE, queries.element)
def correct_element(review: Review, review_id: int, code: str) -> Any:
    """Change a score of a review that is in, with a reason, until the table of all scores is open."""
    form = request.form
    typed: dict[str, Any] = dict(form)
    try:
        reviews.correct_element(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            review=review,
            code=code,
            score_text=form.get("score", "").strip(),
            reason=form.get("reason", ""),
            channel=form.get("channel"),
            version=based_on(form.get("version")),
            why=form.get("why", ""),
        )
    except Refused as refused:
        return _workspace(_undone(review_id), code, typed=typed, errors=wording.errors_by_field(refused)), 422
    except StaleWrite:
        return _workspace(_undone(review_id), code, typed=typed, stale=True), 409
    flash(_("%(code)s is corrected; what stood before stays on record.", code=code), "ok")
    return redirect(url_for("panel.element", review_id=review_id, code=code))


@blueprint.post("/reviews/<int:review_id>/hand-in")
@web.guard(Permission.REVIEW_SCORE, places.review)
def hand_in(review: Review) -> Any:
    """The expert is done with this package."""
    reviews.hand_in(web.db(), actor=web.actor(), now=web.now(), review=review)
    flash(_("Handed in: %(school)s. Thank you.", school=review.assignment.package.dossier.school.name), "ok")
    return redirect(url_for("panel.packages"))


@blueprint.post("/reviews/<int:review_id>/statement")
@web.guard(Permission.REVIEW_TAKE, places.review)
def sign_statement(review: Review, review_id: int) -> Any:
    """Sign that nothing ties me to the school: its pages open."""
    return state(review.assignment, review_id, url_for("panel.review", review_id=review_id))


@blueprint.post("/reviews/<int:review_id>/conflict")
@web.guard(Permission.REVIEW_TAKE, places.review)
def declare_conflict(review: Review, review_id: int) -> Any:
    """Keep away from a school; its packages are gone from the next request on."""
    school = review.assignment.package.dossier.school
    reason = request.form.get("reason", "")
    try:
        person = web.db().get_one(User, web.actor().user_id)
        panels.declare_conflict(
            web.db(), actor=web.actor(), now=web.now(), user=person, school=school, reason=reason
        )
    except DomainError as error:
        web.refuse()
        return _packages_page(refused=review_id, error=wording.explain(error)), 422
    flash(_("You review nothing of %(school)s any more.", school=school.name), "ok")
    return redirect(url_for("panel.packages"))


def state(assignment: Assignment, card: int, onward: str) -> Any:
    """Sign the statement and go on; or the list again, with the refusal on its card."""
    password = request.form.get("password", "")
    try:
        interests.declare_none(
            web.db(), actor=web.actor(), now=web.now(), assignment=assignment, password=password
        )
    except DomainError as error:
        web.refuse()
        return _packages_page(unsigned=card, error=wording.explain(error)), 422
    return redirect(onward)


def _packages_page(
    *, refused: int | None = None, unsigned: int | None = None, error: str | None = None
) -> str:
    standing = navigation.own_ground(web.db(), web.actor()) if web.actor().schools() else None
    if standing:
        navigation.stand_on(standing.school, standing.dossier)
    return render_template(
        "panel/packages.html",
        mine=my_packages(web.db(), web.actor()),
        my_calls=my_calls(web.db(), web.actor()),
        days_until=days_until,
        refused=refused,
        unsigned=unsigned,
        error=error,
    )


def _save(review: Review, code: str, typed: dict[str, Any]) -> ElementReview:
    """Save what came as JSON or as a form; a score that isn't named is an empty one."""
    given = typed.get("score", "")
    note = typed.get("note")
    return reviews.score_element(
        web.db(),
        actor=web.actor(),
        now=web.now(),
        review=review,
        code=code,
        score_text=None if given is None else str(given),
        reason=str(typed.get("reason") or ""),
        channel=str(typed.get("channel") or ""),
        version=based_on(typed.get("version")),
        note=None if note is None else str(note),
        flagged=bool(typed["flagged"]) if "flagged" in typed else None,
    )


def _score_of(form: Mapping[str, str]) -> str:
    """The score a form brings: the button for the school's own, the button for none, or what was typed."""
    if form.get("unscore"):
        return ""
    return (form.get("same") or form.get("score", "")).strip()


def _confirmed(typed: Mapping[str, Any]) -> dict[str, str]:
    """What "same as the school" says where nothing else is typed: it rests on the documents read."""
    return {
        "reason": typed.get("reason", "").strip() or _("The school's own score is confirmed."),
        "channel": typed.get("channel") or Channel.DOCUMENTS.value,
    }


def refused_at(review_id: int, code: str, errors: dict[str, str]) -> str:
    """The workspace as it stands, with what was refused beside its field."""
    return _workspace(_undone(review_id), code, errors=errors)


def _undone(review_id: int) -> Review:
    """Undo what was written; the review as it stands."""
    web.refuse()
    return places.review(web.db(), review_id=review_id)[0]


def _workspace(
    review: Review,
    code: str,
    *,
    typed: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
    stale: bool = False,
) -> str:
    assignment = review.assignment
    rubric = _rubric(review)
    desk = queries.desk(web.db(), web.actor(), review, rubric, code)
    show = Show(request.args["show"]) if request.args.get("show") in set(Show) else Show.TODO
    file = _chosen(desk)
    following = desk.after(code, show) or desk.after(code, Show.TODO)
    unfinished = review.handed_in_at is None and assignment.closed_at is None
    was_in = desk.mine is not None and (desk.mine.was_in or review.handed_in_at is not None)
    return render_template(
        "panel/workspace.html",
        review=review,
        assignment=assignment,
        cycle=assignment.package.dossier.cycle,
        rubric=rubric,
        element=rubric.element(code),
        desk=desk,
        show=show,
        shows=Show,
        channels=Channel,
        rows=_grid(review, rubric, desk, show),
        file=file,
        view=_viewing(file) if file else None,
        unfinished=unfinished,
        open=unfinished and desk.mine is not None and not was_in,
        correctable=was_in and assignment.settling_since is None and assignment.closed_at is None,
        neighbours=desk.beside(code),
        days_left=days_until(assignment.panel.round.review_by, web.now())
        if assignment.panel.round.review_by
        else None,
        following=following,
        beside=beside_score(web.db(), web.actor(), review, code),
        my_id=web.actor().user_id,
        typed=typed,
        errors=errors or {},
        stale=stale,
    )


def _rubric(review: Review) -> Rubric:
    return rubric_of(web.db(), review.assignment.package.rubric_digest)


def _chosen(desk: Desk) -> queries.CitedFile | None:
    """The cited file that the address names, or the first."""
    wanted = request.args.get("file", type=int)
    first = desk.files[0] if desk.files else None
    return next((file for file in desk.files if file.position == wanted), first)


def _viewing(file: queries.CitedFile) -> Viewing:
    """The file, opened at the page that the address names, else at the cited one."""
    return derived.viewing(
        web.db(), school_id=file.school_id, sha256=file.sha256, page=opened_at(file.page_from)
    )


def _grid(review: Review, rubric: Rubric, desk: Desk, show: Show) -> list[heat.GridRow]:
    words = {
        "none": _("not allotted to you"),
        "wait": _("to score"),
        "ok": _("same as the school"),
        "diff": _("differs from the school"),
    }
    kept = {} if show is Show.TODO else {"show": show.value}

    def label(element: Element) -> str:
        mark = desk.marks[element.code]
        given = f"{score(mark.score)}/{score(element.points)}"
        return f"{element.code} {element.short_title} · {words[mark.state]} {given}"

    return heat.grid(
        rubric,
        state=lambda element: desk.marks[element.code].state,
        href=lambda element: url_for("panel.element", review_id=review.id, code=element.code, **kept),  # type: ignore[arg-type]
        label=label,
    )


def _as_json(row: object) -> dict[str, Any]:
    assert isinstance(row, ElementReview)
    return {
        "score": None if row.score is None else score(row.score),
        "reason": row.reason,
        "channel": row.channel,
        "note": row.note,
        "flagged": row.flagged,
        "version": row.version,
        "saved_at": row.saved_at.isoformat() if row.saved_at else None,
    }
