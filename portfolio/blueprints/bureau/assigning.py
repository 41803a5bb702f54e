"""Giving packages to a panel: several at once, each with a table of who scores what, all of them or none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import ngettext

from portfolio import web
from portfolio.blueprints.bureau.matrix import Matrix, matrix, ticked
from portfolio.blueprints.bureau.root import blueprint
from portfolio.blueprints.forms import Typed, keys, refused
from portfolio.editions import rubric_of
from portfolio.errors import DomainError
from portfolio.models import Package, Round, Split
from portfolio.policy import Permission
from portfolio.queries import assigning as queries
from portfolio.queries import bureau_places
from portfolio.queries.assigning import Bench, Waiting
from portfolio.services import assigning as services
from portfolio.services.allotting import Allotment
from portfolio.services.assigning import Wish
from rubric.model import Rubric


@blueprint.get("/bureau/rounds/<int:round_id>/assigning")
@web.guard(Permission.CITY_MANAGE, bureau_places.round_)
def assigning(held: Round) -> Any:
    """Choose packages, a panel and how they are split; then see who would get what."""
    return _page(held)


@blueprint.post("/bureau/rounds/<int:round_id>/assigning")
@web.guard(Permission.CITY_MANAGE, bureau_places.round_)
def assign_many(held: Round) -> Any:
    """Give the packages to the panel as ticked."""
    cycle_id, round_id = held.cycle_id, held.id
    try:
        given = services.assign_all(web.db(), actor=web.actor(), now=web.now(), wishes=_wishes(held))
    except DomainError as error:
        errors = refused(error)
        return _page(bureau_places.round_(web.db(), round_id=round_id)[0], errors), 422
    flash(ngettext("%(num)s package is assigned.", "%(num)s packages are assigned.", len(given)), "ok")
    return redirect(url_for("bureau.panels", cycle=cycle_id))


def _wishes(held: Round) -> list[Wish]:
    """What was ticked. Raises DomainError("panel_unknown")."""
    bench, _split = _asked(queries.benches(web.db(), held))
    if bench is None:
        raise DomainError("panel_unknown", field="panel")
    chosen = ticked(request.values.getlist("give"), _rubric(held))
    packages = {each.package_id for each in queries.waiting(web.db(), held)} & keys(
        request.values.getlist("package")
    )
    return [
        Wish(bench.panel, web.db().get_one(Package, each), chosen.get(each, {})) for each in sorted(packages)
    ]


def _asked(benches: list[Bench]) -> tuple[Bench | None, Split]:
    """The panel and the split that were chosen; everyone all, unless something else was."""
    wanted = Typed(request.values).key("panel")
    split = request.values.get("split", Split.EVERYONE.value)
    bench = next((bench for bench in benches if bench.panel.id == wanted), None)
    return bench, Split(split) if split in set(Split) else Split.EVERYONE


def _rubric(held: Round) -> Rubric:
    return rubric_of(web.db(), held.cycle.rubric_digest)


def _page(held: Round, errors: Mapping[str, str] | None = None) -> str:
    benches = queries.benches(web.db(), held)
    waiting = queries.waiting(web.db(), held)
    ticks = keys(request.values.getlist("package"))
    packages = [each for each in waiting if each.package_id in ticks]
    bench, split = _asked(benches)
    chosen = ticked(request.values.getlist("give"), _rubric(held)) if request.form else None
    people = {person for each in benches for person in each.people}
    ties = queries.ties(web.db(), people, {each.school_id for each in packages})
    return render_template(
        "bureau/assigning.html",
        round=held,
        waiting=waiting,
        benches=benches,
        chosen=ticks,
        bench=bench,
        split=split,
        splits=Split,
        tables=_tables(held, bench, packages, split, ties, chosen) if bench else [],
        asked=bool(request.values),
        ties=ties,
        errors=errors or {},
    )


def _tables(
    held: Round,
    bench: Bench,
    packages: list[Waiting],
    split: Split,
    ties: queries.Ties,
    chosen: Mapping[int, Allotment] | None,
) -> list[tuple[Waiting, Matrix]]:
    """Each package with its table, as proposed or as ticked."""
    rubric, needed = _rubric(held), held.independent_scores
    drafts = services.draft(rubric, bench, packages, split, ties, needed=needed, chosen=chosen)
    return [
        (
            each.package,
            matrix(
                rubric,
                split,
                each.allotment,
                bench.experts,
                key=each.package.package_id,
                school_id=each.package.school_id,
                ties=ties,
                needed=needed,
                on_hand=each.on_hand,
            ),
        )
        for each in drafts
    ]
