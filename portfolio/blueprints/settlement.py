"""The chair's page: all scores side by side, one final score an element, then closing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portfolio import web, wording
from portfolio.editions import rubric_of
from portfolio.errors import DomainError, Refused, StaleWrite
from portfolio.jsonbody import read_json
from portfolio.models import Assignment, Determination, SettlementRule, User
from portfolio.policy import Permission
from portfolio.queries import places
from portfolio.queries import settlement as queries
from portfolio.queries.settlement import Detail, Row, Show, Sort, Table
from portfolio.services import panels
from portfolio.services import settlement as service
from portfolio.services.dossiers import based_on
from portfolio.templating import days_until, score

blueprint = Blueprint("settlement", __name__)
Choice = TypeVar("Choice", Show, Sort)


@blueprint.get("/rounds/<int:round_id>/settlement/<int:package_id>")
@web.guard(Permission.SETTLEMENT_READ, places.settlement)
def table(assignment: Assignment) -> Any:
    """The table of all scores, with one element open beside it."""
    return _page(assignment)


@blueprint.put("/rounds/<int:round_id>/settlement/<int:package_id>/elements/<code>")
@web.guard(Permission.SETTLEMENT_WRITE, queries.element)
def settle_element(assignment: Assignment, code: str) -> Any:
    """Settle: 200 {version, saved_at, progress}, 409 {current}, 422 {errors}."""
    try:
        settled = _settle(assignment, code, read_json(request))
    except Refused as refused:
        web.refuse()
        return jsonify(errors=wording.errors_by_field(refused)), 422
    except StaleWrite as stale:
        current = _as_json(stale.current)
        web.refuse()
        return jsonify(current=current, error=wording.explain(stale)), 409
    progress = service.progress(web.db(), assignment)
    return jsonify(
        version=settled.version,
        saved_at=web.now().isoformat(),
        progress={"done": progress.done, "total": progress.total},
    )


@blueprint.post("/rounds/<int:round_id>/settlement/<int:package_id>/elements/<code>")
@web.guard(Permission.SETTLEMENT_WRITE, queries.element)
def submit_element(assignment: Assignment, round_id: int, package_id: int, code: str) -> Any:
    """The same as a form, then on to the next element; for browsers without scripts."""
    typed = dict(request.form)
    try:
        _settle(assignment, code, typed)
    except Refused as refused:
        errors = wording.errors_by_field(refused)
        return _page(_undone(round_id, package_id), code=code, typed=typed, errors=errors), 422
    except StaleWrite:
        return _page(_undone(round_id, package_id), code=code, typed=typed, stale=True), 409
    onward = web.local_target(typed.get("next"))
    return redirect(onward or url_for("settlement.table", round_id=round_id, package_id=package_id))


@blueprint.post("/rounds/<int:round_id>/settlement/<int:package_id>/close")
@web.guard(Permission.SETTLEMENT_WRITE, places.settlement)
def close(assignment: Assignment, round_id: int, package_id: int) -> Any:
    """Close the review with the panel's opinion."""
    opinion = request.form.get("opinion", "")
    try:
        service.close(web.db(), actor=web.actor(), now=web.now(), assignment=assignment, opinion=opinion)
    except DomainError as error:
        words = wording.explain(error)
        return _page(_undone(round_id, package_id), opinion=opinion, errors={"opinion": words}), 422
    flash(_("Closed. The bureau publishes the result."), "ok")
    return redirect(url_for("settlement.table", round_id=round_id, package_id=package_id))


@blueprint.post("/rounds/<int:round_id>/settlement/<int:package_id>/conflict")
@web.guard(Permission.SETTLEMENT_READ, places.settlement)
def declare_conflict(assignment: Assignment) -> Any:
    """The chair keeps away from a school; its packages are gone from the next request on."""
    school = assignment.package.dossier.school
    panels.declare_conflict(
        web.db(),
        actor=web.actor(),
        now=web.now(),
        user=web.db().get_one(User, web.actor().user_id),
        school=school,
        reason=request.form.get("reason", ""),
    )
    flash(_("You review nothing of %(school)s any more.", school=school.name), "ok")
    return redirect(url_for("panel.packages"))


@dataclass(frozen=True, slots=True)
class _Draft:
    """What the form beside the table begins with."""

    score: str
    rule: str
    reason: str


def _settle(assignment: Assignment, code: str, typed: dict[str, Any]) -> Determination:
    """Settle what came as JSON or as a form; a score that isn't named is an empty one."""
    given = typed.get("score")
    return service.settle(
        web.db(),
        actor=web.actor(),
        now=web.now(),
        assignment=assignment,
        code=code,
        score_text="" if given is None else str(given),
        rule=str(typed.get("rule") or ""),
        reason=str(typed.get("reason") or ""),
        version=based_on(typed.get("version")),
    )


def _undone(round_id: int, package_id: int) -> Assignment:
    """Undo what was written; the assignment as it stands."""
    web.refuse()
    return places.settlement(web.db(), round_id=round_id, package_id=package_id)[0]


def _page(
    assignment: Assignment,
    *,
    code: str | None = None,
    typed: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
    stale: bool = False,
    opinion: str | None = None,
) -> str:
    rubric = rubric_of(web.db(), assignment.package.rubric_digest)
    table = queries.table(web.db(), assignment, rubric)
    show, sort = _chosen(Show, "show", Show.ALL), _chosen(Sort, "sort", Sort.SPREAD)
    listed = table.listed(show, sort)
    row = _open_row(table, listed, code or request.args.get("element"))
    detail = queries.detail(web.db(), assignment, table.experts, row.code) if row else None
    review_by = assignment.panel.round.review_by
    return render_template(
        "settlement/table.html",
        assignment=assignment,
        package=assignment.package,
        rubric=rubric,
        table=table,
        listed=listed,
        counts={each.value: len(table.listed(each, sort)) for each in Show},
        show=show,
        shows=Show,
        sort=sort,
        sorts=Sort,
        row=row,
        element=rubric.element(row.code) if row else None,
        detail=detail,
        draft=typed or (_draft(row, detail) if row and detail else None),
        rules=SettlementRule,
        address=_address,
        following=_following(listed, row),
        days_left=days_until(review_by, web.now()) if review_by else None,
        errors=errors or {},
        stale=stale,
        opinion=opinion,
    )


def _chosen(choices: type[Choice], name: str, default: Choice) -> Choice:
    given = request.args.get(name)
    return choices(given) if given in set(choices) else default


def _address(show: Show, sort: Sort, element: str | None = None, *, whole: bool = False) -> str:
    """This page's address with another choice; unless it is to be whole as short as can be: it is in every row."""
    named = {
        "element": element,
        "show": None if show is Show.ALL else show.value,
        "sort": None if sort is Sort.SPREAD else sort.value,
    }
    query = "&".join(f"{name}={value}" for name, value in named.items() if value)
    if request.endpoint == "settlement.table" and not whole:
        return f"?{query}"
    assert request.view_args is not None
    base = url_for(
        "settlement.table", **{name: request.view_args[name] for name in ("round_id", "package_id")}
    )
    return f"{base}?{query}" if query else base


def _open_row(table: Table, listed: list[Row], code: str | None) -> Row | None:
    """The row that the address names; else the first unsettled one of the list; else the first."""
    named = next((row for row in table.rows if row.code == code), None)
    return named or next((row for row in listed if row.final is None), listed[0] if listed else None)


def _following(listed: list[Row], row: Row | None) -> str | None:
    """The next unsettled element of the list after this one, round the end if need be."""
    at = next((position for position, each in enumerate(listed) if row and each.code == row.code), -1)
    return next((each.code for each in listed[at + 1 :] + listed[: max(at, 0)] if each.final is None), None)


def _draft(row: Row, detail: Detail) -> _Draft:
    """What stands, or the median with the experts' own reasons as a first text."""
    if detail.settled:
        settled = detail.settled
        return _Draft(score(settled.score), settled.rule.value, settled.reason)
    reasons = list(dict.fromkeys(voice.reason.strip() for voice in detail.voices if voice.reason.strip()))
    if not reasons and row.median is not None and row.median == row.claimed and row.median < row.points:
        reasons = [_("The panel agrees with the self-score of the school.")]
    return _Draft(score(row.median), SettlementRule.MEDIAN.value, "\n".join(reasons))


def _as_json(row: object) -> dict[str, Any] | None:
    if not isinstance(row, Determination):
        return None
    return {
        "score": score(row.score),
        "rule": row.rule.value,
        "reason": row.reason,
        "version": row.version,
        "saved_at": row.settled_at.isoformat(),
    }
