"""Lists around results: far-apart rounds, what is to be put right, answers to factual errors."""

from __future__ import annotations

from typing import NamedTuple

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portfolio import web, wording
from portfolio.blueprints.lists.judging import review_title
from portfolio.blueprints.lists.root import Column, Listing, of, titled
from portfolio.errors import NotFound
from portfolio.models import Assignment, Cycle
from portfolio.queries import answers as answer_queries
from portfolio.queries import rectifying
from portfolio.queries.appeals import AppealView
from portfolio.queries.judged import JudgedElement
from portfolio.queries.rectifying import ItemView, Waiting
from portfolio.queries.round_differences import Difference, large_differences
from portfolio.queries.rounds import still_blind

DIFFERENCES: list[Column[Difference]] = [
    Column(_l("School"), lambda row: row.school),
    Column(_l("Element"), lambda row: row.element),
    Column(_l("Earlier round"), lambda row: row.lower_round),
    Column(_l("Earlier score"), lambda row: row.lower),
    Column(_l("Earlier reason"), lambda row: row.lower_reason),
    Column(_l("Later round"), lambda row: row.round),
    Column(_l("Later score"), lambda row: row.score),
    Column(_l("Later reason"), lambda row: row.reason),
    Column(_l("Difference"), lambda row: row.distance),
]


@of(
    "bureau.differences",
    "/bureau/cycles/<int:cycle_id>/differences",
    _l("Differences between rounds"),
)
def round_differences(held: Cycle) -> Listing[Difference]:
    """Large differences between the rounds of a cycle, the widest first."""
    found = large_differences(web.db(), web.actor(), held)
    return Listing(titled(held, _("Differences between rounds")), DIFFERENCES, found)


ITEMS: list[Column[ItemView]] = [
    Column(_l("Element"), lambda row: row.item.element),
    Column(_l("Problem"), lambda row: row.item.problem),
    Column(_l("Measure to take"), lambda row: row.item.measure),
    Column(_l("Responsible"), lambda row: row.item.responsible),
    Column(_l("Until"), lambda row: row.item.due_on),
    Column(_l("Standing"), lambda row: str(wording.ITEM_STATES[row.state][1])),
    Column(_l("Reports"), lambda row: row.answers),
    Column(_l("Last said"), lambda row: row.steps[-1].text if row.steps else ""),
]


def _of_view(column: Column[ItemView]) -> Column[Waiting]:
    return Column(column.heading, lambda row: column.value(row.view))


WAITING: list[Column[Waiting]] = [
    Column(_l("School"), lambda row: row.at.school),
    Column(_l("District"), lambda row: row.at.district),
    Column(_l("Cycle"), lambda row: row.at.cycle),
    Column(_l("Round"), lambda row: row.at.round),
    *map(_of_view, ITEMS),
]


@of("bureau.rectification_items", "/bureau/rectification", _l("Rectification"))
def left_to_put_right() -> Listing[Waiting]:
    """Every item that isn't done: to re-check first, then the longest overdue."""
    return Listing(_("Rectification"), WAITING, rectifying.city(web.db(), now=web.now()))


@of(
    "rectification.items",
    "/rounds/<int:round_id>/rectification/<int:package_id>",
    _l("Rectification list"),
)
def rectification(assignment: Assignment) -> Listing[ItemView]:
    """Every item of a published result, in its order."""
    found = rectifying.items(web.db(), assignment.id, now=web.now()) if _is_out(assignment) else []
    return Listing(review_title(assignment, _("Rectification list")), ITEMS, found)


class Answered(NamedTuple):
    """An element that the school answered to."""

    judged: JudgedElement
    view: AppealView

    @property
    def standing(self) -> str:
        """How far the answer is."""
        if self.view.is_draft:
            return _("Draft")
        outcome = self.view.appeal.outcome
        return str(wording.APPEAL_OUTCOMES[outcome]) if outcome else _("To decide")


ANSWERED: list[Column[Answered]] = [
    Column(_l("Element"), lambda row: row.judged.element.code),
    Column(_l("Wording"), lambda row: row.judged.element.short_title),
    Column(_l("Answer"), lambda row: row.view.appeal.text),
    Column(_l("Sent on"), lambda row: row.view.appeal.sent_at),
    Column(_l("Standing"), lambda row: row.standing),
    Column(_l("Decision"), lambda row: row.view.appeal.reason),
    Column(_l("Final score"), lambda row: row.judged.final),
]


@of("answers.answers", "/rounds/<int:round_id>/answers/<int:package_id>", _l("Factual errors"))
def answered(assignment: Assignment) -> Listing[Answered]:
    """Everything the school answered, what waits for a decision first; its drafts are for itself."""
    drafts = assignment.package.school_id in web.actor().schools()
    cases = answer_queries.cases(web.db(), assignment, drafts=drafts) if _is_out(assignment) else []
    rows = [Answered(case.judged, case.view) for case in cases if case.view]
    return Listing(review_title(assignment, _("Factual errors")), ANSWERED, rows)


def _is_out(assignment: Assignment) -> bool:
    """Whether the result is out. Raises NotFound for who is still to judge the dossier alone."""
    if assignment.published_at is None:
        return False
    if still_blind(web.db(), web.actor(), assignment.package.dossier):
        raise NotFound()
    return True
