"""The audit trail: every change of meaning, written in the transaction that makes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from portfolio.models import AuditEvent


class Action(StrEnum):
    """What can happen, as resource:action."""

    USER_INVITED = "user:invited"
    USER_JOINED = "user:joined"
    USER_LOGGED_IN = "user:logged_in"
    USER_LOGGED_OUT = "user:logged_out"
    USER_DISABLED = "user:disabled"
    USER_ENABLED = "user:enabled"
    PASSWORD_CHANGED = "user:password_changed"
    USER_RENAMED = "user:renamed"
    ROLE_GIVEN = "role:given"
    ROLE_TAKEN = "role:taken"
    PASSWORD_LINK_SENT = "user:password_link_sent"
    INVITATION_REVOKED = "invitation:revoked"
    SCHOOL_ADDED = "school:added"
    CYCLE_OPENED = "cycle:opened"
    PANEL_FORMED = "panel:formed"
    PACKAGE_ASSIGNED = "package:assigned"
    CONFLICT_DECLARED = "conflict:declared"
    NO_CONFLICT_SIGNED = "conflict:none_signed"
    EXPERT_SUBSTITUTED = "expert:substituted"
    EXPERT_REMOVED = "expert:removed"
    ALLOTMENT_CHANGED = "allotment:changed"
    DOSSIER_OPENED = "dossier:opened"
    ELEMENT_SCORED = "element:scored"
    ELEMENT_ASSIGNED = "element:assigned"
    ELEMENT_LOOKED_AT = "element:looked_at"
    PROBLEM_PUT_RIGHT = "element:put_right"
    FIGURE_ENTERED = "figure:entered"
    CARRIED_OVER = "dossier:carried_over"
    MAIL_CHOSEN = "user:mail_chosen"
    EVIDENCE_ADDED = "evidence:added"
    EVIDENCE_DESCRIBED = "evidence:described"
    EVIDENCE_REPLACED = "evidence:new_version"
    EVIDENCE_TRASHED = "evidence:trashed"
    EVIDENCE_RESTORED = "evidence:restored"
    EVIDENCE_DELETED = "evidence:deleted"
    ARCHIVE_OPENED = "evidence:opened"
    EVIDENCE_MERGED = "evidence:merged"
    MATERIAL_TICKED = "material:ticked"
    MATERIAL_UNTICKED = "material:unticked"
    CITED = "citation:added"
    CITATION_CHANGED = "citation:changed"
    UNCITED = "citation:removed"
    INTRODUCTION_WRITTEN = "introduction:written"
    GAP_WAIVED = "gap:waived"
    GAP_UNWAIVED = "gap:unwaived"
    HANDED_OVER = "dossier:handed_over"
    RECALLED = "dossier:recalled"
    PACKAGE_SIGNED = "package:signed"
    ELEMENT_REVIEWED = "review:scored"
    REVIEW_HANDED_IN = "review:handed_in"
    REVIEW_CORRECTED = "review:corrected"
    SUPPLEMENT_PROPOSED = "supplement:proposed"
    SUPPLEMENT_UNPROPOSED = "supplement:proposal_taken_back"
    SUPPLEMENT_ASKED = "supplement:asked"
    SUPPLEMENT_EXTENDED = "supplement:extended"
    SUPPLEMENT_WITHDRAWN = "supplement:withdrawn"
    SUPPLEMENT_LAPSED = "supplement:lapsed"
    AGENDA_TICKED = "agenda:ticked"
    AGENDA_UNTICKED = "agenda:unticked"
    FINDING_NOTED = "finding:noted"
    FINDING_CHANGED = "finding:changed"
    FINDING_WITHDRAWN = "finding:withdrawn"
    PHOTO_ADDED = "finding:photo_added"
    PHOTO_REMOVED = "finding:photo_removed"
    SAMPLE_DRAWN = "sample:drawn"
    SURVEY_TAKEN_IN = "survey:taken_in"
    SURVEY_WITHDRAWN = "survey:withdrawn"
    SETTLEMENT_OPENED = "settlement:opened"
    REMARK_MADE = "element:remarked"
    ELEMENT_SETTLED = "element:settled"
    RULING_UNDONE = "element:undone"
    CLOSING_PROPOSED = "closing:proposed"
    CLOSING_WITHDRAWN = "closing:withdrawn"
    ASSIGNMENT_CLOSED = "assignment:closed"
    ASSIGNMENT_REOPENED = "assignment:reopened"
    RESULT_PUBLISHED = "result:published"
    TEMPLATE_UPLOADED = "template:uploaded"
    TEMPLATE_TAKEN_UP = "template:taken_up"
    TEMPLATE_PUT_AWAY = "template:put_away"
    PANEL_REPORT_WRITTEN = "panel_report:written"
    RECTIFICATION_LISTED = "rectification:listed"
    RECTIFICATION_CHANGED = "rectification:changed"
    RECTIFICATION_DROPPED = "rectification:dropped"
    RECTIFICATION_ANSWERED = "rectification:answered"
    RECTIFICATION_CHECKED = "rectification:checked"
    RESULT_TERMS_SET = "cycle:result_terms_set"
    APPEAL_DRAFTED = "appeal:drafted"
    APPEAL_DROPPED = "appeal:dropped"
    APPEAL_SENT = "appeal:sent"
    APPEAL_ACCEPTED = "appeal:accepted"
    APPEAL_DECLINED = "appeal:declined"
    PANELS_REMINDED = "panels:reminded"
    CERTIFICATE_AWARDED = "certificate:awarded"
    CERTIFICATE_REVOKED = "certificate:revoked"
    SCHOOL_EXPORTED = "school:exported"
    SCHOOL_IMPORTED = "school:imported"


def record(
    session: Session,
    *,
    actor_id: int | None,
    at: datetime,
    action: Action,
    subject: tuple[str, int],
    school_id: int | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Append one event about `subject` (kind of row, id) to the trail."""
    made = _event(actor_id, at, action, subject, school_id)
    session.execute(insert(AuditEvent).values(made | {"before": _plain(before), "after": _plain(after)}))


def record_each(
    session: Session,
    *,
    actor_id: int | None,
    at: datetime,
    action: Action,
    subject: tuple[str, int],
    school_id: int | None,
    after: Sequence[Mapping[str, Any]],
) -> None:
    """Append as many events about one `subject` as there are values, in one statement."""
    made = _event(actor_id, at, action, subject, school_id)
    if after:
        events = [made | {"before": None, "after": _plain(values)} for values in after]
        session.execute(insert(AuditEvent), events)


def _event(
    actor_id: int | None, at: datetime, action: Action, subject: tuple[str, int], school_id: int | None
) -> dict[str, Any]:
    return {
        "at": at,
        "actor_id": actor_id,
        "action": action.value,
        "subject_type": subject[0],
        "subject_id": subject[1],
        "school_id": school_id,
    }


def _plain(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if values is None else {key: _json(value) for key, value in values.items()}


def _json(value: Any) -> Any:
    match value:
        case Decimal():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case set() | frozenset():
            return sorted(value)
        case _:
            return value
