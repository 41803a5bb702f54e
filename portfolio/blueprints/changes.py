"""What a package holds otherwise than an earlier one of the same dossier, for the school and for the panel."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request

from portfolio import navigation, web
from portfolio.editions import rubric_of
from portfolio.errors import NotFound
from portfolio.models import Package
from portfolio.policy import Permission, Place
from portfolio.queries import changes as queries
from portfolio.queries import dossier as dossier_queries
from portfolio.queries import places

blueprint = Blueprint("changes", __name__)
ALL = "all"


@blueprint.get("/packages/<int:package_id>/changes")
@web.guard(Permission.PACKAGE_READ, places.package)
def changes(package: Package) -> Any:
    """Two packages side by side: this one, and the one before it or that asked for. Who reads this may read those."""
    navigation.stand_on(package.dossier.school, package.dossier)
    earlier = [
        each
        for each in dossier_queries.packages(web.db(), package.dossier_id)
        if each.number < package.number
    ]
    old = _since(earlier)
    rubric = rubric_of(web.db(), package.rubric_digest)
    found = queries.changes(web.db(), old, package, rubric, panels=_panels(package)) if old else ()
    _found, place = places.package(web.db(), package_id=package.id)
    everything = request.args.get("show") == ALL
    return render_template(
        "package/changes.html",
        package=package,
        old=old,
        earlier=earlier,
        found=found,
        shown=[each for each in found if everything or each.differs],
        differing=[each for each in found if each.differs],
        everything=everything,
        what=queries.What,
        may_open_files=web.may(Permission.FILE_READ, place),
    )


def _panels(package: Package) -> frozenset[int] | None:
    """Whose questions are told: to the school and the offices everybody's, to a panel its own."""
    tells_all = web.may(Permission.SUBMISSION_READ, Place(school_id=package.school_id))
    return None if tells_all and not web.actor().panels() else web.actor().panels()


def _since(earlier: list[Package]) -> Package | None:
    """The package to compare with: the one before, or the one that the address names. Raises NotFound."""
    asked = request.args.get("since")
    if asked is None:
        return earlier[0] if earlier else None
    found = next((each for each in earlier if str(each.number) == asked), None)
    if found is None:
        raise NotFound()
    return found
