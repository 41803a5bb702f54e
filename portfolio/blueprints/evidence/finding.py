"""Finding: what of the library is looked at, the full-text search, and what an element could cite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from flask import render_template, request

from portfolio import web
from portfolio.blueprints.evidence.routes import blueprint, may_cite, rubric_for, small_number, window_start
from portfolio.derive.grams import LONGEST_QUERY
from portfolio.errors import NotFound
from portfolio.models import EvidenceKind
from portfolio.policy import Permission
from portfolio.queries import places, search
from portfolio.queries.library import PICKS, picks
from portfolio.queries.library_filter import Cited, Filter, Order
from portfolio.queries.places import SchoolAt
from portfolio.queries.problems import Problem, Yardstick
from portfolio.queries.search import Hits
from rubric.model import Rubric


def yardstick_of(at: SchoolAt) -> Yardstick:
    """What the school's evidence is measured by."""
    return Yardstick(at.school.id, at.dossier.id if at.dossier else None, window_start(at.dossier))


def chosen_from(args: Mapping[str, str], rubric: Rubric | None) -> Filter:
    """What an address asks for; what makes no sense is left out."""
    cited, kind, order = args.get("cited", ""), args.get("kind", ""), args.get("order", "")
    return Filter(
        cited=cast(Cited, cited) if cited in ("cited", "uncited") else "",
        kind=EvidenceKind(kind) if kind in set(EvidenceKind) else None,
        year=small_number(args.get("year", "")),
        q=words_in(args),
        order=cast(Order, order) if order in ("date", "title") else "newest",
        page=small_number(args.get("page", "")) or 1,
        problem=Problem(args["problem"]) if args.get("problem") in set(Problem) else None,
        element=element_in(args.get("element", ""), rubric),
    )


def said(chosen: Filter) -> dict[str, Any]:
    """A filter as it stands in an address, without the page."""
    return {
        "cited": chosen.cited,
        "kind": chosen.kind.value if chosen.kind else "",
        "year": chosen.year or "",
        "q": chosen.q,
        "problem": chosen.problem.value if chosen.problem else "",
        "element": chosen.element,
        "order": "" if chosen.order == "newest" else chosen.order,
    }


def words_in(args: Mapping[str, str]) -> str:
    """What is searched."""
    return " ".join(args.get("q", "").split())[:LONGEST_QUERY]


def element_in(typed: str, rubric: Rubric | None) -> str:
    """The code of an element as it was typed; nothing for what is none."""
    code = typed.strip().upper()
    return code if rubric and code in {element.code for element in rubric.elements} else ""


def aim_of(at: SchoolAt, rubric: Rubric | None) -> str | None:
    """The element that hits are cited for: as the address names it, "" while it is to be chosen; None for who
    can't cite now."""
    return element_in(request.args.get("for", ""), rubric) if may_cite(at) else None


def hits_in_trash(at: SchoolAt, q: str) -> Hits:
    """What the trash holds of a search."""
    page = small_number(request.args.get("page", "")) or 1
    return search.find(web.db(), yardstick=yardstick_of(at), chosen=Filter(q=q, page=page), trashed=True)


@blueprint.get("/schools/<int:school_id>/evidence/pick")
@web.guard(Permission.CITATION_WRITE, places.school)
def pick(at: SchoolAt) -> Any:
    """Evidence that an element could cite, as a fragment of its page."""
    dossier, element, q = at.dossier, request.args.get("element", ""), words_in(request.args)
    if dossier is None or request.args.get("dossier", str(dossier.id)) != str(dossier.id):
        raise NotFound()
    yardstick = yardstick_of(at)
    hits = search.find(web.db(), yardstick=yardstick, chosen=Filter(q=q), uncited_for=element, most=PICKS)
    return render_template(
        "evidence/_picker.html",
        found=() if q else picks(web.db(), yardstick=yardstick, element=element),
        hits=hits,
        dossier=dossier,
        element=element_in(element, rubric_for(dossier)),
        q=q,
        next=web.local_target(request.args.get("next")),
    )
