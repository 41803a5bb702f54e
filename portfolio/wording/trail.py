"""What somebody did, as the audit trail and the list of what changed say it."""

from __future__ import annotations

from decimal import Decimal

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from portfolio.audit import Action
from portfolio.queries.dossier import Change
from rubric.scoring import format_score

# The audit trail: what somebody did.
AUDIT_ACTIONS = {
    Action.USER_INVITED: _l("sent an invitation"),
    Action.USER_JOINED: _l("accepted an invitation"),
    Action.USER_LOGGED_IN: _l("logged in"),
    Action.USER_LOGGED_OUT: _l("logged out"),
    Action.USER_DISABLED: _l("closed an account"),
    Action.USER_ENABLED: _l("opened an account again"),
    Action.PASSWORD_CHANGED: _l("chose another password"),
    Action.USER_RENAMED: _l("corrected a name"),
    Action.ROLE_GIVEN: _l("gave a role"),
    Action.ROLE_TAKEN: _l("took a role"),
    Action.PASSWORD_LINK_SENT: _l("sent a link for a new password"),
    Action.INVITATION_REVOKED: _l("took back an invitation"),
    Action.SCHOOL_ADDED: _l("added a school"),
    Action.CYCLE_OPENED: _l("opened a cycle"),
    Action.PANEL_FORMED: _l("formed a panel"),
    Action.PACKAGE_ASSIGNED: _l("assigned a package"),
    Action.CONFLICT_DECLARED: _l("declared a conflict of interest"),
    Action.NO_CONFLICT_SIGNED: _l("signed that there is no conflict of interest"),
    Action.EXPERT_SUBSTITUTED: _l("named a substitute for an expert"),
    Action.EXPERT_REMOVED: _l("took an expert off a package"),
    Action.ALLOTMENT_CHANGED: _l("shared out a package's elements anew"),
    Action.DOSSIER_OPENED: _l("opened a dossier"),
    Action.ELEMENT_SCORED: _l("scored an element"),
    Action.ELEMENT_ASSIGNED: _l("assigned an element"),
    Action.ELEMENT_LOOKED_AT: _l("looked at a changed element"),
    Action.PROBLEM_PUT_RIGHT: _l("put a lost point right"),
    Action.FIGURE_ENTERED: _l("entered a basic figure"),
    Action.CARRIED_OVER: _l("carried over the last cycle"),
    Action.MAIL_CHOSEN: _l("chose where reminders go"),
    Action.EVIDENCE_ADDED: _l("added evidence"),
    Action.EVIDENCE_DESCRIBED: _l("described evidence anew"),
    Action.EVIDENCE_REPLACED: _l("added a new version of evidence"),
    Action.EVIDENCE_TRASHED: _l("put evidence into the trash"),
    Action.EVIDENCE_RESTORED: _l("took evidence out of the trash"),
    Action.EVIDENCE_DELETED: _l("deleted evidence"),
    Action.ARCHIVE_OPENED: _l("opened a ZIP"),
    Action.EVIDENCE_MERGED: _l("put two copies of a file together"),
    Action.MATERIAL_TICKED: _l("ticked an expected material"),
    Action.MATERIAL_UNTICKED: _l("took back a tick"),
    Action.CITED: _l("cited evidence"),
    Action.CITATION_CHANGED: _l("changed a citation"),
    Action.UNCITED: _l("removed a citation"),
    Action.GAP_WAIVED: _l("waived a gap"),
    Action.GAP_UNWAIVED: _l("took back a waiver"),
    Action.HANDED_OVER: _l("handed the dossier over for signing"),
    Action.INTRODUCTION_WRITTEN: _l("wrote an introduction of the report"),
    Action.RECALLED: _l("recalled the dossier"),
    Action.PACKAGE_SIGNED: _l("signed and submitted a package"),
    Action.ELEMENT_REVIEWED: _l("scored an element of a review"),
    Action.REVIEW_HANDED_IN: _l("handed in a review"),
    Action.REVIEW_CORRECTED: _l("corrected a review"),
    Action.SUPPLEMENT_PROPOSED: _l("proposed to ask the school"),
    Action.SUPPLEMENT_UNPROPOSED: _l("took back a proposal to ask the school"),
    Action.SUPPLEMENT_ASKED: _l("asked the school for a supplement"),
    Action.SUPPLEMENT_EXTENDED: _l("gave the school more time for the supplement"),
    Action.SUPPLEMENT_WITHDRAWN: _l("withdrew the request for a supplement"),
    Action.SUPPLEMENT_LAPSED: _l("the supplement was not handed in by its deadline"),
    Action.AGENDA_TICKED: _l("ticked off an item of a visit"),
    Action.AGENDA_UNTICKED: _l("opened an item of a visit again"),
    Action.FINDING_NOTED: _l("noted a finding"),
    Action.FINDING_CHANGED: _l("changed a finding"),
    Action.FINDING_WITHDRAWN: _l("took back a finding"),
    Action.PHOTO_ADDED: _l("added a photograph to a finding"),
    Action.PHOTO_REMOVED: _l("removed a photograph from a finding"),
    Action.SAMPLE_DRAWN: _l("drew a random sample"),
    Action.SURVEY_TAKEN_IN: _l("took in the results of a questionnaire"),
    Action.SURVEY_WITHDRAWN: _l("took back the results of a questionnaire"),
    Action.SETTLEMENT_OPENED: _l("opened the table of all scores"),
    Action.REMARK_MADE: _l("discussed an element"),
    Action.ELEMENT_SETTLED: _l("settled an element"),
    Action.RULING_UNDONE: _l("took back a final score"),
    Action.CLOSING_PROPOSED: _l("proposed to close a review"),
    Action.CLOSING_WITHDRAWN: _l("withdrew the proposal to close"),
    Action.ASSIGNMENT_CLOSED: _l("closed a review"),
    Action.ASSIGNMENT_REOPENED: _l("reopened a review"),
    Action.RESULT_PUBLISHED: _l("published a result"),
    Action.TEMPLATE_UPLOADED: _l("uploaded a template of documents"),
    Action.TEMPLATE_TAKEN_UP: _l("took a template of documents into use"),
    Action.TEMPLATE_PUT_AWAY: _l("put a template of documents away"),
    Action.PANEL_REPORT_WRITTEN: _l("wrote a part of the panel's report"),
    Action.RECTIFICATION_LISTED: _l("put an item on the rectification list"),
    Action.RECTIFICATION_CHANGED: _l("changed an item of the rectification list"),
    Action.RECTIFICATION_DROPPED: _l("took an item off the rectification list"),
    Action.RECTIFICATION_ANSWERED: _l("reported what was done about an item"),
    Action.RECTIFICATION_CHECKED: _l("re-checked an item"),
    Action.RESULT_TERMS_SET: _l("set pass mark, bands and windows"),
    Action.APPEAL_DRAFTED: _l("drafted an answer to a factual error"),
    Action.APPEAL_DROPPED: _l("discarded a draft answer to a factual error"),
    Action.APPEAL_SENT: _l("sent an answer to a factual error"),
    Action.APPEAL_ACCEPTED: _l("accepted an answer to a factual error"),
    Action.APPEAL_DECLINED: _l("declined an answer to a factual error"),
    Action.PANELS_REMINDED: _l("reminded panels"),
    Action.CERTIFICATE_AWARDED: _l("awarded a certificate"),
    Action.CERTIFICATE_REVOKED: _l("revoked a certificate"),
    Action.SCHOOL_EXPORTED: _l("had everything of a school packed"),
    Action.SCHOOL_IMPORTED: _l("took in a whole school"),
}

CHANGES = {
    "element:scored": _l("scored %(element)s at %(score)s"),
    "evidence:added": _l("uploaded '%(title)s'"),
    "evidence:new_version": _l("uploaded a new version of '%(title)s'"),
    "citation:added": _l("cited '%(title)s' in %(element)s"),
    "package:signed": _l("signed the package"),
}


def change_words(change: Change) -> str:
    """What somebody did, in a sentence that begins with their name elsewhere."""
    return str(CHANGES[change.action]) % {
        "element": change.element,
        "title": change.title or "",
        "score": format_score(Decimal(change.score)) if change.score is not None else gettext("unscored"),
    }
