"""Who scores what of a package under review: seen, shared out anew, an expert added or taken off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portfolio import web
from portfolio.blueprints.bureau.matrix import matrix, ticked
from portfolio.blueprints.bureau.root import blueprint
from portfolio.blueprints.forms import Typed, refused
from portfolio.editions import rubric_of
from portfolio.errors import DomainError
from portfolio.models import Assignment, Review, Split
from portfolio.policy import Permission
from portfolio.queries import assigning as queries
from portfolio.queries import bureau_places, desks, places
from portfolio.queries.assigning import Seat, Ties
from portfolio.services import reallotting
from portfolio.services.allotting import Allotment, too_few
from portfolio.services.assigning import redraft
from rubric.model import Rubric
from rubric.spans import shorten


@blueprint.get("/bureau/assignments/<int:assignment_id>/allotment")
@web.guard(Permission.CITY_READ, bureau_places.assignment)
def allotment(held: Assignment) -> Any:
    """Who has what; where something lacks, who could take it."""
    return _page(held)


@blueprint.post("/bureau/assignments/<int:assignment_id>/allotment")
@web.guard(Permission.CITY_MANAGE, bureau_places.assignment)
def reallot(held: Assignment) -> Any:
    """From now on the experts have what is ticked."""
    assignment_id = held.id
    try:
        seats = queries.seats(web.db(), held)
        if request.form.get("standing") != queries.standing_digest(seats):
            raise DomainError("allotment_outdated", field="give")
        reallotting.reallot(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            assignment=held,
            allotment=_wanted(held, seats),
        )
    except DomainError as error:
        errors = refused(error)
        return _page(bureau_places.assignment(web.db(), assignment_id=assignment_id)[0], errors), 422
    flash(_("The elements are shared out anew."), "ok")
    return redirect(url_for("bureau.allotment", assignment_id=assignment_id))


@blueprint.post("/bureau/reviews/<int:review_id>/removal")
@web.guard(Permission.CITY_MANAGE, places.review)
def remove_expert(review: Review) -> Any:
    """Take an expert off the package; then share out what they had."""
    assignment_id, review_id = review.assignment_id, review.id
    reason = request.form.get("reason", "")
    try:
        reallotting.remove_expert(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            assignment=review.assignment,
            review=review,
            reason=reason,
        )
    except DomainError as error:
        errors = {f"remove-{review_id}": next(iter(refused(error).values()))}
        return _page(bureau_places.assignment(web.db(), assignment_id=assignment_id)[0], errors), 422
    flash(_("The expert is off this package; what they had can be given to others now."), "ok")
    return redirect(url_for("bureau.allotment", assignment_id=assignment_id))


def _rubric(held: Assignment) -> Rubric:
    return rubric_of(web.db(), held.package.rubric_digest)


def _wanted(held: Assignment, seats: list[Seat]) -> dict[int, frozenset[str]]:
    """What is ticked, for those who score already or may be asked to sit on a panel at all."""
    eligible = {candidate.user_id for candidate in desks.candidates(web.db())}
    eligible |= {seat.user_id for seat in seats if seat.review_id is not None}
    given = ticked(request.form.getlist("give"), _rubric(held)).get(held.id, {})
    return {expert: codes for expert, codes in given.items() if expert in eligible}


def _page(held: Assignment, errors: Mapping[str, str] | None = None) -> str:
    rubric, needed = _rubric(held), held.panel.round.independent_scores
    candidates = desks.candidates(web.db()) if web.may(Permission.CITY_MANAGE) else []
    asked = Typed(request.values).key("with")
    extra = [candidate.user_id for candidate in candidates if candidate.user_id == asked]
    seats = queries.seats(web.db(), held, extra)
    school_id = held.package.school_id
    ties = queries.ties(web.db(), [seat.user_id for seat in seats], [school_id])
    standing = {seat.user_id: seat.elements for seat in seats if seat.counts and seat.review_id}
    split, anew = _split(held, bool(too_few(rubric, standing, needed=needed)))
    late = held.settling_since is not None or held.closed_at is not None
    proposed: Allotment = standing
    if not late and web.may(Permission.CITY_MANAGE):
        free = _free(held, seats, ties)
        proposed = redraft(rubric, seats, free, split, needed=needed, anew=anew)
    shown = _wanted(held, seats) if request.form.getlist("give") else proposed
    return render_template(
        "bureau/allotment.html",
        assignment=held,
        seats=seats,
        table=matrix(rubric, split, shown, seats, key=held.id, school_id=school_id, ties=ties, needed=needed),
        short=shorten(too_few(rubric, standing, needed=needed), rubric),
        still_short=shorten(too_few(rubric, shown, needed=needed), rubric),
        left={seat.user_id: shorten(seat.elements, rubric) for seat in seats},
        changed={expert: codes for expert, codes in shown.items() if codes} != standing,
        late=late,
        split=split,
        splits=Split,
        anew=anew,
        added=asked if extra else None,
        candidates=[each for each in candidates if each.user_id not in {seat.user_id for seat in seats}],
        standing=queries.standing_digest(seats),
        errors=errors or {},
    )


def _split(held: Assignment, is_short: bool) -> tuple[Split, bool]:
    """By what to share out, and whether anew; where everybody had all and something lacks, by A-indicator."""
    asked = request.values.get("split")
    if asked in set(Split):
        return Split(asked), True
    return (Split.INDICATOR if is_short and held.split is Split.EVERYONE else held.split), False


def _free(held: Assignment, seats: list[Seat], ties: Ties) -> dict[int, int]:
    """Who can take more, with what they have on hand: nobody tied, nor who has seen the round below."""
    first = held.panel.round.position == 1
    return {
        seat.user_id: seat.on_hand
        for seat in seats
        if seat.counts
        and (seat.user_id, held.package.school_id) not in ties
        and (first or seat.handed_in_at is None)
    }
