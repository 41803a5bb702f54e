"""Home: the grid, the three numbers, the ranked gaps; and the school among the city's."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, url_for

from portfolio import heat, navigation, web, wording
from portfolio.blueprints.dossier.root import blueprint, is_of
from portfolio.days import day_of
from portfolio.editions import rubric_of
from portfolio.models import Dossier, DossierState
from portfolio.policy import Permission, Place
from portfolio.queries import carry, places, rectifying, supplements, work
from portfolio.queries import dossier as queries
from portfolio.queries import trend as trends
from portfolio.queries.standing import Standing
from portfolio.services import trend as recording
from portfolio.templating import days_until, score
from portfolio.trendline import Trendline, trendline
from rubric.gaps import ElementStatus
from rubric.model import Element
from rubric.quartiles import FEWEST


@blueprint.get("/dossiers/<int:dossier_id>")
@web.guard(Permission.DOSSIER_READ, places.dossier)
def home(dossier: Dossier) -> Any:
    """Home: the grid, the three numbers, the ranked gaps."""
    navigation.stand_on(dossier.school, dossier)
    seen = queries.overview(
        web.db(), dossier, user_id=web.actor().user_id, now=web.now(), to_school=is_of(dossier)
    )
    tasks = work.tasks(seen.stands, today=day_of(web.now()))
    place = Place(school_id=dossier.school_id)
    leads = web.may(Permission.ELEMENT_ASSIGN, place)
    asked = supplements.by_id(web.db(), seen.stands.request_id)
    return render_template(
        "dossier/home.html",
        mine=[task for task in tasks if task.owner_id == web.actor().user_id],
        late=work.overdue(web.db(), dossier, tasks) if leads else [],
        to_put_right=_to_put_right(dossier),
        leads=leads,
        start_from=carry.offered(web.db(), dossier) if web.may(Permission.CARRY_OVER, place) else None,
        dossier=dossier,
        overview=seen,
        rows=_grid(dossier, seen),
        trend=_trendline(dossier, seen),
        days_left=days_until(dossier.cycle.submit_by, web.now()),
        next_gap=None if asked else _first_undone(seen.stands),
        asked=asked,
        days_until=days_until,
    )


def _to_put_right(dossier: Dossier) -> list[rectifying.Waiting]:
    """What the school is late with, for itself; nothing can be published while it still writes."""
    if not is_of(dossier) or dossier.state in (DossierState.DRAFTING, DossierState.SIGNING):
        return []
    return rectifying.overdue(web.db(), dossier, now=web.now())


@blueprint.post("/dossiers/<int:dossier_id>/seen")
@web.guard(Permission.DOSSIER_READ, places.dossier)
def seen(dossier: Dossier) -> Any:
    """The reader has seen what changed."""
    recording.mark_seen(web.db(), actor=web.actor(), now=web.now(), school_id=dossier.school_id)
    return redirect(url_for("dossier.home", dossier_id=dossier.id))


@blueprint.get("/dossiers/<int:dossier_id>/city")
@web.guard(Permission.DOSSIER_READ, places.dossier)
def city(dossier: Dossier) -> Any:
    """Where the school stands among the city's, by A-indicator and without names."""
    navigation.stand_on(dossier.school, dossier)
    rubric = rubric_of(web.db(), dossier.cycle.rubric_digest)
    return render_template(
        "dossier/city.html",
        dossier=dossier,
        comparisons=trends.comparisons(web.db(), dossier, rubric),
        fewest=FEWEST,
    )


def _first_undone(stands: Standing) -> str | None:
    """The element with the most points at risk that isn't done."""
    statuses = stands.readiness.statuses
    return next(
        (
            gap.element
            for gap in stands.readiness.gaps
            if gap.element and statuses[gap.element] is not ElementStatus.OK
        ),
        None,
    )


def _trendline(dossier: Dossier, seen: queries.Overview) -> Trendline | None:
    totals = seen.readiness.totals
    points = trends.trend(web.db(), dossier, now=web.now(), totals=totals)
    cycle = dossier.cycle
    return trendline(points, opens_at=cycle.opens_at, deadline=cycle.submit_by, full=totals.points)


def _grid(dossier: Dossier, seen: queries.Overview) -> list[heat.GridRow]:
    statuses = seen.readiness.statuses

    def label(element: Element) -> str:
        standing = wording.STATUSES[statuses[element.code]]
        given = score(seen.scores.get(element.code), none="–")
        return f"{element.code} {element.short_title} · {standing} {given}/{score(element.points)}"

    return heat.grid(
        seen.rubric,
        state=lambda element: statuses[element.code].value,
        href=lambda element: url_for("dossier.element", dossier_id=dossier.id, code=element.code),
        label=label,
        totals=seen.readiness.by_indicator,
    )
