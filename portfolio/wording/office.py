"""What the bureau reads of panels on their way and of certificates."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portfolio.models import Call
from portfolio.queries.awards import Validity
from portfolio.queries.progress import Phase

# How far a panel is with a package, and the glyph that says so.
PHASES = {
    Phase.SCORING: _l("Experts score"),
    Phase.ALL_IN: _l("All reviews in"),
    Phase.SETTLING: _l("Being settled"),
    Phase.SIGNING: _l("Awaiting signature"),
    Phase.CLOSED: _l("Ready to publish"),
    Phase.PUBLISHED: _l("Published"),
}
PHASE_STATES = {
    Phase.SCORING: "wait",
    Phase.ALL_IN: "diff",
    Phase.SETTLING: "diff",
    Phase.SIGNING: "bare",
    Phase.CLOSED: "ok",
    Phase.PUBLISHED: "ok",
}

# What a reminder asks for.
CALLS = {
    Call.REVIEW_DUE: _l("Hand in the review"),
    Call.REVIEW_LATE: _l("The review is overdue"),
    Call.SETTLE: _l("All reviews are in: settle the scores"),
    Call.SIGN: _l("Sign the closing"),
    Call.PUBLISH: _l("Closed: publish the result"),
}
CALL_STATES = {
    Call.REVIEW_DUE: "wait",
    Call.REVIEW_LATE: "gap",
    Call.SETTLE: "diff",
    Call.SIGN: "bare",
    Call.PUBLISH: "ok",
}

VALIDITIES = {
    Validity.VALID: _l("Valid"),
    Validity.DUE: _l("Renewal due within a year"),
    Validity.EXPIRED: _l("Expired"),
    Validity.RENEWED: _l("Renewed since"),
    Validity.REVOKED: _l("Revoked"),
}
VALIDITY_STATES = {
    Validity.VALID: "ok",
    Validity.DUE: "bare",
    Validity.EXPIRED: "gap",
    Validity.RENEWED: "wait",
    Validity.REVOKED: "none",
}
