"""Names around a result: the parts of a panel's report, how far an item is, what a re-check found."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portfolio.models import AppealOutcome, CheckOutcome, ReportSection
from portfolio.queries.rectifying import ItemState

REPORT_SECTIONS = {
    ReportSection.OPINION: _l("Opinion"),
    ReportSection.STRENGTHS: _l("Strengths"),
    ReportSection.PROBLEMS: _l("Problems"),
}
APPEAL_OUTCOMES = {
    AppealOutcome.ACCEPTED: _l("Accepted"),
    AppealOutcome.DECLINED: _l("Declined"),
}
CHECK_OUTCOMES = {
    CheckOutcome.DONE: _l("Done"),
    CheckOutcome.PARTLY: _l("Partly done"),
    CheckOutcome.NOT_DONE: _l("Not done"),
}
# the dot and the words
ITEM_STATES = {
    ItemState.OPEN: ("none", _l("To be done")),
    ItemState.REPORTED: ("wait", _l("Reported, to re-check")),
    ItemState.PARTLY: ("diff", _l("Partly done")),
    ItemState.NOT_DONE: ("gap", _l("Not done")),
    ItemState.DONE: ("ok", _l("Done")),
}
