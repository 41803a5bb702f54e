"""The table as one page: what every address of it answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from flask import render_template, request, url_for

from portfolio import web
from portfolio.blueprints.settlement.root import follows_the_school, place_of
from portfolio.editions import rubric_of
from portfolio.errors import NotFound
from portfolio.models import Assignment, ReportSection, SettlementRule, Stance
from portfolio.policy import Permission
from portfolio.queries import deliberation
from portfolio.queries import settlement as queries
from portfolio.queries.deliberation import Detail
from portfolio.queries.rounds import still_blind
from portfolio.queries.settlement import Row, Show, Sort, Table
from portfolio.services import panel_reports
from portfolio.services.terms import waits_for_school
from portfolio.templating import days_until, score
from rubric.model import Rubric
from rubric.spans import shorten

Choice = TypeVar("Choice", Show, Sort)


@dataclass(frozen=True, slots=True)
class _Draft:
    """What the form beside the table begins with."""

    score: str
    rule: str
    reason: str


def page(
    assignment: Assignment,
    *,
    code: str | None = None,
    typed: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
    stale: bool = False,
    opinion: str | None = None,
    remark: dict[str, str] | None = None,
) -> str:
    """The page, as the reader may see it; with what was typed and refused.

    Raises NotFound for the closed table of an earlier round where the reader is still to judge in a later one.
    """
    rubric, table = readable(assignment)
    chairs = web.may(Permission.SETTLEMENT_WRITE, place_of(assignment))
    show, sort = asked()
    listed = table.listed(show, sort)
    row = _open_row(table, listed, code or request.args.get("element"))
    names = {expert.review_id: expert.name for expert in table.experts}
    detail = deliberation.detail(web.db(), assignment, names, row.code) if row else None
    review_by = assignment.panel.round.review_by
    return render_template(
        "settlement/table.html",
        assignment=assignment,
        package=assignment.package,
        rubric=rubric,
        table=table,
        short=shorten(table.short, rubric),
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
        opinion=_opinion(assignment, table) if opinion is None else opinion,
        remark=remark or {},
        stances=Stance,
        chairs=chairs,
        waits_for_school=_waits_for_school(assignment, table),
        my_id=web.actor().user_id,
    )


def _waits_for_school(assignment: Assignment, table: Table) -> bool:
    """Whether only a supplement stands between the chair and the table."""
    if table.outstanding or assignment.settling_since is not None:
        return False
    return waits_for_school(web.db(), assignment, web.now())


def _opinion(assignment: Assignment, table: Table) -> str:
    """What the report says as its opinion, once the table asks for it: when every element is settled."""
    if not table.rows or table.settled < len(table.rows) or table.proposal:
        return ""
    written = panel_reports.part_of(web.db(), assignment, ReportSection.OPINION)
    return written.text if written else ""


def readable(assignment: Assignment) -> tuple[Rubric, Table]:
    """The table as the reader may see it. Raises NotFound as `page` does."""
    if assignment.closed_at and still_blind(web.db(), web.actor(), assignment.package.dossier):
        raise NotFound()
    rubric = rubric_of(web.db(), assignment.package.rubric_digest)
    chairs = web.may(Permission.SETTLEMENT_WRITE, place_of(assignment))
    return rubric, queries.table(web.db(), assignment, rubric, for_chair=chairs)


def asked() -> tuple[Show, Sort]:
    """Which elements the address asks for, and in which order."""
    return _chosen(Show, "show", Show.ALL), _chosen(Sort, "sort", Sort.SPREAD)


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
    return named or next((row for row in listed if row.rule is None), listed[0] if listed else None)


def _following(listed: list[Row], row: Row | None) -> str | None:
    """The next unsettled element of the list after this one, round the end if need be."""
    at = next((position for position, each in enumerate(listed) if row and each.code == row.code), -1)
    return next((each.code for each in listed[at + 1 :] + listed[: max(at, 0)] if each.rule is None), None)


def _draft(row: Row, detail: Detail) -> _Draft:
    """What stands, or the median with the experts' own reasons as a first text."""
    if detail.settled:
        settled = detail.settled
        return _Draft(score(settled.score, ""), settled.rule.value, settled.reason)
    reason = row.proposed_reason((voice.reason for voice in detail.voices), follows_the_school())
    rule = SettlementRule.NOT_ASSESSED if row.median is None else SettlementRule.MEDIAN
    return _Draft(score(row.median, ""), rule.value, reason)
