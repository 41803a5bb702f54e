"""Submitting a dossier, the package it becomes, and the result."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portfolio import heat, navigation, web, wording
from portfolio.blueprints.documents import check_address
from portfolio.documents import receipt
from portfolio.editions import rubric_of
from portfolio.errors import DomainError, NotFound
from portfolio.models import Dossier, Package
from portfolio.policy import Permission, Place
from portfolio.queries import awards, places, rectifying, supplements
from portfolio.queries import dossier as dossier_queries
from portfolio.queries import package as queries
from portfolio.queries.as_it_stands import unchanged
from portfolio.queries.published import published_results
from portfolio.queries.rounds import still_blind
from portfolio.queries.submission import check_list
from portfolio.queries.timestamps import stamp_of, stamp_response
from portfolio.services import packages
from portfolio.services.errands import SENT_AT_ONCE
from portfolio.templating import days_until, score
from rubric.model import Element, Indicator, Rubric

blueprint = Blueprint("package", __name__)
ALL = "all"  # a package is long: its page shows one A-indicator's elements unless all are asked for


@blueprint.get("/dossiers/<int:dossier_id>/submission")
@web.guard(Permission.SUBMISSION_READ, places.dossier)
def submission(dossier: Dossier) -> Any:
    """The check list, the signature step, the receipts."""
    return _submission_page(dossier)


@blueprint.post("/dossiers/<int:dossier_id>/submission/waivers")
@web.guard(Permission.DOSSIER_SUBMIT, places.dossier)
def waive(dossier: Dossier) -> Any:
    """Submit with some gaps knowingly."""
    keys = request.form.getlist("gap")
    try:
        packages.waive(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            dossier=dossier,
            keys=keys,
            reason=request.form.get("reason", ""),
        )
    except DomainError as error:
        if error.field is None:
            raise
        web.refuse()
        refused = {key: wording.explain(error) for key in keys}
        return _submission_page(_again(dossier), refused=refused, typed=request.form.get("reason", "")), 422
    return redirect(url_for("package.submission", dossier_id=dossier.id) + "#open")


@blueprint.post("/dossiers/<int:dossier_id>/submission/waivers/undo")
@web.guard(Permission.DOSSIER_SUBMIT, places.dossier)
def unwaive(dossier: Dossier) -> Any:
    """Take a waiver back."""
    packages.unwaive(
        web.db(), actor=web.actor(), now=web.now(), dossier=dossier, key=request.form.get("gap", "")
    )
    return redirect(url_for("package.submission", dossier_id=dossier.id))


@blueprint.post("/dossiers/<int:dossier_id>/submission")
@web.guard(Permission.DOSSIER_SUBMIT, places.dossier)
def hand_over(dossier: Dossier) -> Any:
    """The lead submits: to the principal for signing."""
    packages.hand_over(web.db(), actor=web.actor(), now=web.now(), dossier=dossier)
    flash(_("Handed to the principal for signing."), "ok")
    return redirect(url_for("package.submission", dossier_id=dossier.id))


@blueprint.post("/dossiers/<int:dossier_id>/submission/recall")
@web.guard(Permission.DOSSIER_RECALL, places.dossier)
def recall(dossier: Dossier) -> Any:
    """Back to editing."""
    packages.recall(web.db(), actor=web.actor(), now=web.now(), dossier=dossier)
    flash(_("The dossier can be edited again."), "ok")
    return redirect(url_for("package.submission", dossier_id=dossier.id))


@blueprint.post("/dossiers/<int:dossier_id>/submission/signature")
@web.guard(Permission.DOSSIER_SIGN, places.dossier)
def sign(dossier: Dossier) -> Any:
    """The principal signs, and the package is frozen."""
    try:
        package = packages.sign(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            dossier=dossier,
            password=request.form.get("password", ""),
            storage=web.services().storage,
        )
    except DomainError as error:
        if error.field is None:
            raise
        web.refuse()
        return _submission_page(_again(dossier), errors={error.field: wording.explain(error)}), 422
    return redirect(url_for("package.package", package_id=package.id))


@blueprint.get("/packages/<int:package_id>")
@web.guard(Permission.PACKAGE_READ, places.package)
def package(package: Package) -> Any:
    """A package: receipt, grid, and the elements of one A-indicator, or of all, as submitted."""
    navigation.stand_on(package.dossier.school, package.dossier)
    view = queries.package_view(web.db(), package)
    return render_template(
        "package/package.html",
        package=package,
        view=view,
        shown=_part(view.rubric, request.args.get("part", "")),
        rows=_grid(package, view),
        may_open_files=web.may(Permission.FILE_READ, _place(package)),
        code=receipt.code(check_address(package)),
        large=view.size > SENT_AT_ONCE,
        stamp=stamp_of(web.db(), package.id),
        stamping=bool(web.settings().tsa_url),
        may_take_originals=web.may(Permission.ORIGINALS_READ, _place(package)),
    )


@blueprint.get("/packages/<int:package_id>/manifest.json")
@web.guard(Permission.PACKAGE_READ, places.package)
def manifest(package: Package) -> Any:
    """The canonical manifest, to the byte: its SHA-256 is the package's digest."""
    body = queries.manifest_text(web.db(), package.id)
    return Response(body.encode(), mimetype="application/json", headers={"ETag": f'"{package.digest}"'})


@blueprint.get("/packages/<int:package_id>/manifest.json.tsr")
@web.guard(Permission.PACKAGE_READ, places.package)
def timestamp(package: Package) -> Response:
    """The authority's answer over the manifest, to the byte (RFC 3161)."""
    response = stamp_response(web.db(), package.id)
    if response is None:
        raise DomainError("stamp_missing")
    return Response(response, mimetype="application/timestamp-reply")


@blueprint.get("/dossiers/<int:dossier_id>/result")
@web.guard(Permission.RESULT_READ, places.dossier)
def result(dossier: Dossier) -> Any:
    """The score ladder of every element, with reasons, once the bureau has published it.

    Whoever is still to judge the dossier themselves finds none.
    """
    if still_blind(web.db(), web.actor(), dossier):
        raise NotFound()
    navigation.stand_on(dossier.school, dossier)
    place = Place(school_id=dossier.school_id)
    own = dossier.school_id in web.actor().schools()
    results = published_results(web.db(), dossier, drafts=own)
    rubric = rubric_of(web.db(), dossier.cycle.rubric_digest)
    ids = [each.assignment.id for each in results]
    return render_template(
        "package/result.html",
        dossier=dossier,
        results=results,
        lists=rectifying.lists(web.db(), ids, now=web.now()),
        names={element.code: element.short_title for element in rubric.elements},
        indicators=[(each.code, each.title) for each in rubric.indicators],
        may_answer=web.may(Permission.APPEAL_WRITE, place),
        certificates=awards.of_dossier(web.db(), dossier, now=web.now()),
        packages=dossier_queries.packages(web.db(), dossier.id),
    )


def _submission_page(
    dossier: Dossier,
    *,
    errors: dict[str, str] | None = None,
    refused: dict[str, str] | None = None,
    typed: str = "",
) -> str:
    navigation.stand_on(dossier.school, dossier)
    place = Place(school_id=dossier.school_id)
    of_school = dossier.school_id in web.actor().schools()
    asked = supplements.asked_of(web.db(), dossier)
    answerable = asked if asked and asked.is_open(web.now()) else None
    elements = set(answerable.questions) if answerable else None
    listed = check_list(web.db(), dossier, now=web.now(), to_school=of_school, elements=elements)
    return render_template(
        "package/submission.html",
        dossier=dossier,
        listed=listed,
        asked=asked,
        answerable=answerable,
        unchanged=unchanged(web.db(), dossier, listed, answerable) if answerable else (),
        requests=supplements.history(web.db(), dossier.id) if asked else (),
        packages=dossier_queries.packages(web.db(), dossier.id),
        days_left=days_until(answerable.request.due_at if answerable else dossier.cycle.submit_by, web.now()),
        may_submit=web.may(Permission.DOSSIER_SUBMIT, place),
        may_recall=web.may(Permission.DOSSIER_RECALL, place),
        may_sign=web.may(Permission.DOSSIER_SIGN, place),
        handed_over_by=dossier_queries.person_name(web.db(), dossier.handed_over_by),
        errors=errors or {},
        refused=refused or {},
        typed=typed,
    )


def _again(dossier: Dossier) -> Dossier:
    """The dossier as it stands after a refusal was rolled back."""
    return places.dossier(web.db(), dossier_id=dossier.id)[0]


def _place(package: Package) -> Place:
    _found, place = places.package(web.db(), package_id=package.id)
    return place


def _part(rubric: Rubric, asked: str) -> list[Indicator]:
    """The A-indicators whose elements are shown: the one asked for, all of them, or else the first."""
    if asked == ALL:
        return list(rubric.indicators)
    return [indicator for indicator in rubric.indicators if indicator.code == asked] or [rubric.indicators[0]]


def _grid(package: Package, view: queries.PackageView) -> list[heat.GridRow]:
    def label(element: Element) -> str:
        given = score(view.elements[element.code].score)
        status = wording.STATUSES[view.statuses[element.code]]
        return f"{element.code} {element.short_title} · {status} {given}/{score(element.points)}"

    return heat.grid(
        view.rubric,
        state=lambda element: view.statuses[element.code].value,
        href=lambda element: url_for(
            "package.package", package_id=package.id, part=element.indicator, _anchor=element.code
        ),
        label=label,
        totals=view.by_indicator,
    )
