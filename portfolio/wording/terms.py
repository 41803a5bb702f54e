"""The field's own words: roles, states, kinds, and what each is called."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portfolio.models import DossierState, EvidenceKind, Role, SettlementRule, Stage, Stance
from portfolio.queries.city import Matter, Number
from portfolio.queries.school_standing import Standing
from portfolio.queries.work import Urgency
from rubric.gaps import ElementStatus
from rubric.model import Channel
from rubric.scoring import Stage as LadderStage
from rubric.succession import Touch

ROLES = {
    Role.CONTRIBUTOR: _l("Contributor"),
    Role.LEAD: _l("Lead"),
    Role.PRINCIPAL: _l("Principal"),
    Role.EXPERT: _l("Expert"),
    Role.CHAIR: _l("Chair"),
    Role.BUREAU: _l("Bureau"),
    Role.OBSERVER: _l("Observer"),
}

STAGES = {
    Stage.PRIMARY: _l("Primary school"),
    Stage.JUNIOR: _l("Junior middle school"),
    Stage.NINE_YEAR: _l("Nine-year school"),
}

KINDS = {
    EvidenceKind.PLAN: _l("Plan"),
    EvidenceKind.RULES: _l("Rules"),
    EvidenceKind.MINUTES: _l("Minutes"),
    EvidenceKind.RECORD: _l("Record"),
    EvidenceKind.REPORT: _l("Report"),
    EvidenceKind.DATA: _l("Data"),
    EvidenceKind.PHOTO: _l("Photo"),
    EvidenceKind.CERTIFICATE: _l("Certificate"),
    EvidenceKind.OTHER: _l("Other"),
}

CHANNELS = {
    Channel.LISTEN: _l("Listened to reports"),
    Channel.DOCUMENTS: _l("Read documents"),
    Channel.INSPECT: _l("Inspected on site"),
    Channel.DISCUSS: _l("Discussion meeting"),
    Channel.INTERVIEW: _l("Interview"),
    Channel.OBSERVE: _l("Observed lessons"),
    Channel.SURVEY: _l("Survey"),
}

STATES = {
    DossierState.DRAFTING: _l("Drafting"),
    DossierState.SIGNING: _l("Awaiting signature"),
    DossierState.SUBMITTED: _l("Submitted"),
    DossierState.PUBLISHED: _l("Published"),
}

STATUSES = {
    ElementStatus.NONE: _l("Unscored"),
    ElementStatus.BARE: _l("No evidence"),
    ElementStatus.OK: _l("Supported"),
    ElementStatus.GAP: _l("Gap"),
}

# The same words in the order of a legend: what is done first.
LEGEND = {
    status: STATUSES[status]
    for status in (ElementStatus.OK, ElementStatus.BARE, ElementStatus.GAP, ElementStatus.NONE)
}

SETTLEMENT_RULES = {
    SettlementRule.MEDIAN: _l("Median"),
    SettlementRule.AGREED: _l("Agreed in discussion"),
    SettlementRule.CHAIR: _l("Chair's decision"),
    SettlementRule.NOT_ASSESSED: _l("Not assessed"),
}

STANCES = {Stance.AGREE: _l("Agree"), Stance.DISAGREE: _l("Disagree")}

STAGE_NAMES = {
    LadderStage.EARLIER: _l("Self, before the supplement"),
    LadderStage.SCHOOL: _l("Self"),
    LadderStage.ROUND: _l("Earlier round"),
    LadderStage.EXPERT: _l("Review by"),
    LadderStage.FINAL: _l("Final"),
    LadderStage.APPEAL: _l("Corrected"),
}

# A person's own elements by how soon they are due.
URGENCIES = {
    Urgency.OVERDUE: _l("Overdue"),
    Urgency.NEAR: _l("Due within a week"),
    Urgency.LATER: _l("Due later"),
    Urgency.UNDATED: _l("Without a day"),
    Urgency.DONE: _l("Done"),
}

URGENCY_STATES = {
    Urgency.OVERDUE: "gap",
    Urgency.NEAR: "bare",
    Urgency.LATER: "wait",
    Urgency.UNDATED: "none",
    Urgency.DONE: "ok",
}

# What a new rubric did to an element: in a word, and what to do.
TOUCHES = {
    Touch.MOVED: (_l("Moved"), _l("The same wording under another code.")),
    Touch.REWORDED: (
        _l("Reworded"),
        _l("The wording has changed. See whether the evidence still answers it."),
    ),
    Touch.REWEIGHTED: (_l("Other points"), _l("The same wording, worth other points.")),
    Touch.NEW: (_l("New"), _l("The last cycle's rubric had no such element.")),
}

# Where a school stands in a cycle, for the bureau.
STANDINGS = {
    Standing.DRAFTING: _l("Drafting"),
    Standing.OVERDUE: _l("Overdue"),
    Standing.SIGNING: _l("Awaiting signature"),
    Standing.SUBMITTED: _l("Submitted"),
    Standing.REVIEWING: _l("Under review"),
    Standing.SETTLING: _l("Being settled"),
    Standing.CLOSED: _l("Ready to publish"),
    Standing.PUBLISHED: _l("Published"),
}

NUMBERS = {
    Number.CLAIMED: _l("Claimed"),
    Number.SUPPORTED: _l("Supported"),
    Number.AT_RISK: _l("At risk"),
}

# What the bureau should look into: the matter, and what to do.
MATTERS = {
    Matter.NOT_SUBMITTED: (_l("Overdue"), _l("The deadline has passed; nothing was submitted")),
    Matter.NOT_SIGNED: (_l("Unsigned"), _l("Waits for the principal's signature")),
    Matter.NOT_ASSIGNED: (_l("Unassigned"), _l("Submitted; no panel has it yet")),
    Matter.REVIEW_LATE: (_l("Late"), _l("The review's deadline has passed")),
    Matter.NOT_CLOSED: (_l("Unsettled"), _l("All reviews are in; the chair has not closed it")),
    Matter.NOT_PUBLISHED: (_l("Settled"), _l("Ready to publish")),
}
