"""How far all panels are, who is late, what experts carry; and reminding them."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import ngettext

from portfolio import mail, web
from portfolio.blueprints.bureau.root import blueprint, cycle_asked
from portfolio.blueprints.forms import Typed, refused
from portfolio.errors import DomainError
from portfolio.models import Cycle
from portfolio.policy import Permission
from portfolio.queries import bureau_places, calls
from portfolio.queries import progress as queries
from portfolio.queries.progress import Phase, Show
from portfolio.services import calling


@blueprint.get("/bureau/progress")
@web.guard(Permission.CITY_READ)
def progress() -> Any:
    """Every panel's packages in a cycle (the newest by default), the most urgent first, and the experts' loads."""
    cycles, held = cycle_asked()
    found = queries.progress(web.db(), cycle_id=held.id, now=web.now()) if held else None
    show = show_asked()
    return render_template(
        "bureau/progress.html",
        cycles=cycles,
        cycle=held,
        found=found,
        show=show,
        listed=found.listed(show) if found else [],
        rounds={way.round_id: way.round for way in sorted(found.ways, key=lambda way: way.position)}
        if found
        else {},
        phases=list(Phase),
        my_calls=calls.my_calls(web.db(), web.actor()),
    )


def show_asked() -> Show:
    """Which packages the address asks for."""
    asked = Typed(request.args)
    return Show(round_id=asked.key("round"), late=asked.text("show") == "late")


@blueprint.get("/bureau/cycles/<int:cycle_id>/reminders")
@web.guard(Permission.CITY_MANAGE, bureau_places.cycle)
def reminders(held: Cycle) -> Any:
    """Who would be reminded now, and of what."""
    return _reminders_page(held)


@blueprint.post("/bureau/cycles/<int:cycle_id>/reminders")
@web.guard(Permission.CITY_MANAGE, bureau_places.cycle)
def remind(held: Cycle) -> Any:
    """Remind them; letters go with the next round of mail where mail is on."""
    try:
        reminded = calling.remind(web.db(), actor=web.actor(), now=web.now(), cycle=held)
    except DomainError as error:
        errors = refused(error)
        return _reminders_page(bureau_places.cycle(web.db(), cycle_id=held.id)[0], errors), 422
    count = len({each.person.user_id for each in reminded})
    flash(ngettext("%(num)s person is reminded.", "%(num)s people are reminded.", count), "ok")
    return redirect(url_for("bureau.progress", cycle=held.id))


def _reminders_page(held: Cycle, errors: dict[str, str] | None = None) -> str:
    ways = queries.progress(web.db(), cycle_id=held.id, now=web.now()).ways
    people: dict[int, list[calls.Summons]] = {}
    for each in calls.calls_by_hand(web.db(), ways, now=web.now()):
        people.setdefault(each.person.user_id, []).append(each)
    return render_template(
        "bureau/reminders.html",
        cycle=held,
        people=sorted(people.values(), key=lambda theirs: theirs[0].person.name),
        mails=mail.is_on(web.settings()),
        errors=errors or {},
    )
