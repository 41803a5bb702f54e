"""Codes of the domain in the reader's words. A code without words is a defect that a test finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _l

from portfolio.audit import Action
from portfolio.errors import DomainError, Refused
from portfolio.models import DossierState, EvidenceKind, Role, SettlementRule, Stage, Stance
from portfolio.queries.city import Matter, Number, Standing
from portfolio.queries.dossier import Change
from portfolio.queries.problems import Problem
from portfolio.queries.work import Urgency
from rubric.gaps import ElementStatus, Gap, Rule
from rubric.guidance import Comparison, Label
from rubric.measures import MeasureResult, Verdict, target_words, value_words
from rubric.model import Channel, Rubric
from rubric.scoring import Stage as LadderStage
from rubric.scoring import Totals, format_score
from rubric.succession import Touch
from rubric.units import Unit

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

# Why nothing could be made of a file (portfolio.derive).
DERIVE_FAILURES = {
    "timed_out": _l("It took too long to read."),
    "out_of_memory": _l("It takes more memory to read than one file may."),
    "crashed": _l("Reading it broke off."),
    "encrypted": _l("It is protected by a password. Upload it without one."),
    "unreadable": _l("It is damaged, or not what its name says."),
    "too_many_pixels": _l("The picture is too large: scale it down and upload it again."),
    "too_many_pages": _l("It has too many pages: upload it in parts."),
    "expands_too_much": _l("It unpacks to far more than it should."),
    "unsupported": _l("Files of this type can be kept, but not shown here."),
    "bytes_missing": _l("Its bytes are missing from the store. Tell the bureau."),
}
# What is left out of what was made of a file.
DERIVE_NOTES = {
    "text_cut": _l("Only the beginning of its text can be searched and shown."),
    "ocr_absent": _l(
        "Its pages are pictures, and no text recognition is installed here: it can't be searched."
    ),
    "ocr_failed": _l("The text on some pages could not be recognised."),
    "office_absent": _l("Its pages can't be drawn here; its text is shown where there is one."),
    "office_failed": _l("Its pages could not be drawn; its text is shown where there is one."),
    "page_unreadable": _l("Some pages could not be read."),
}

STAGE_NAMES = {
    LadderStage.SCHOOL: _l("Self"),
    LadderStage.EXPERT: _l("Review by"),
    LadderStage.FINAL: _l("Final"),
}

# What a school's figures say of a number the rubric sets.
VERDICTS = {
    Verdict.MET: _l("Met"),
    Verdict.UNMET: _l("Not met"),
    Verdict.NOT_ENOUGH_DATA: _l("Not enough data"),
    Verdict.NOT_APPLICABLE: _l("Does not apply"),
}
VERDICT_STATES = {
    Verdict.MET: "ok",
    Verdict.UNMET: "gap",
    Verdict.NOT_ENOUGH_DATA: "none",
    Verdict.NOT_APPLICABLE: "wait",
}
COMPARISONS = {
    Comparison.AT_LEAST: _l("at least %(number)s"),
    Comparison.AT_MOST: _l("at most %(number)s"),
    Comparison.EQUALS: _l("exactly %(number)s"),
    Comparison.NOT_FALLING: _l("not falling from year to year"),
}
# A result as the remark of the citation that proves it.
STATED = {
    Verdict.MET: _l("%(measure)s %(value)s, reaches %(target)s"),
    Verdict.UNMET: _l("%(measure)s %(value)s, does not reach %(target)s"),
}
STATED_TREND = {
    Verdict.MET: _l("%(measure)s %(value)s, not falling"),
    Verdict.UNMET: _l("%(measure)s %(value)s, falling"),
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
    Action.SETTLEMENT_OPENED: _l("opened the table of all scores"),
    Action.REMARK_MADE: _l("discussed an element"),
    Action.ELEMENT_SETTLED: _l("settled an element"),
    Action.RULING_UNDONE: _l("took back a final score"),
    Action.CLOSING_PROPOSED: _l("proposed to close a review"),
    Action.CLOSING_WITHDRAWN: _l("withdrew the proposal to close"),
    Action.ASSIGNMENT_CLOSED: _l("closed a review"),
    Action.ASSIGNMENT_REOPENED: _l("reopened a review"),
    Action.RESULT_PUBLISHED: _l("published a result"),
}

# A gap: what is the matter, and what to do about it.
GAPS = {
    Rule.UNSCORED: (_l("Not scored yet"), _l("Worth %(points)s; left out of the sum until scored")),
    Rule.NO_EVIDENCE: (_l("Scored %(score)s, no evidence"), _l("Cite at least one file")),
    Rule.NO_JUSTIFICATION: (
        _l("Scored %(score)s, no justification"),
        _l("Say in a few sentences what was done"),
    ),
    Rule.FULL_ON_ONE_OLD_FILE: (
        _l("Full marks on a single old file"),
        _l("Cite something from the last three school years"),
    ),
    Rule.UNMET_MEASURE: (
        _l("%(measure)s: %(value)s, the rubric sets %(target)s"),
        _l("Correct the figure, or claim less than full marks"),
    ),
    Rule.FULL_ON_ONE_WEAK_FILE: (
        _l("Full marks on one weak file: '%(title)s'"),
        _l("Cite a document beside it that says more"),
    ),
    Rule.OLD_EVIDENCE: (
        _l("All its evidence is from before the last three school years"),
        _l("Cite something from the last three school years"),
    ),
    Rule.DATED_AHEAD: (
        _l("Evidence is dated after the submission"),
        _l("Correct its date, or cite something else"),
    ),
    Rule.ONLY_PHOTOS: (
        _l("Nothing but photographs"),
        _l("Cite a record or a summary that says what they show"),
    ),
    Rule.THIN_JUSTIFICATION: (
        _l("Only %(own)s characters of the justification are your own"),
        _l("Say in at least %(least)s what was done; the official wording need not be repeated"),
    ),
    Rule.MISSING_MATERIAL: (_l("Missing: %(material)s"), _l("The rubric asks for it: '%(clause)s'")),
    Rule.MISSING_YEAR: (
        _l("%(material)s: nothing for %(years)s"),
        _l("Cite it for each of the last three school years"),
    ),
    Rule.OVERWORKED_FILE: (
        _l("Rests on '%(title)s', which carries %(count)s elements"),
        _l("Cite something made for this element"),
    ),
    Rule.LAST_MINUTE_FILE: (
        _l("Evidence was made in the last %(hours)s hours"),
        _l("Only your school is told: cite something older beside it"),
    ),
    Rule.UNCITED_EVIDENCE: (
        _l("'%(title)s' is cited nowhere"),
        _l("Cite it, or leave it out of the package"),
    ),
}

# A gap's name, where its numbers are not at hand.
GAP_NAMES = {
    Rule.UNSCORED: _l("Not scored yet"),
    Rule.NO_EVIDENCE: _l("No evidence"),
    Rule.NO_JUSTIFICATION: _l("No justification"),
    Rule.FULL_ON_ONE_OLD_FILE: _l("Full marks on a single old file"),
    Rule.UNMET_MEASURE: _l("A number of the rubric not reached"),
    Rule.FULL_ON_ONE_WEAK_FILE: _l("Full marks on one weak file"),
    Rule.OLD_EVIDENCE: _l("Old evidence only"),
    Rule.DATED_AHEAD: _l("Dated after the submission"),
    Rule.ONLY_PHOTOS: _l("Nothing but photographs"),
    Rule.THIN_JUSTIFICATION: _l("Thin justification"),
    Rule.MISSING_MATERIAL: _l("Missing material"),
    Rule.MISSING_YEAR: _l("Missing school year"),
    Rule.OVERWORKED_FILE: _l("One file for many elements"),
    Rule.LAST_MINUTE_FILE: _l("Made at the last minute"),
    Rule.UNCITED_EVIDENCE: _l("Cited nowhere"),
}

# The glyph a gap is drawn with.
GAP_STATES = {
    Rule.UNSCORED: "none",
    Rule.NO_EVIDENCE: "bare",
    Rule.NO_JUSTIFICATION: "gap",
    Rule.FULL_ON_ONE_OLD_FILE: "gap",
    Rule.UNMET_MEASURE: "gap",
    Rule.FULL_ON_ONE_WEAK_FILE: "gap",
    Rule.OLD_EVIDENCE: "gap",
    Rule.DATED_AHEAD: "gap",
    Rule.ONLY_PHOTOS: "gap",
    Rule.THIN_JUSTIFICATION: "gap",
    Rule.MISSING_MATERIAL: "wait",
    Rule.MISSING_YEAR: "wait",
    Rule.OVERWORKED_FILE: "wait",
    Rule.LAST_MINUTE_FILE: "wait",
    Rule.UNCITED_EVIDENCE: "wait",
}


@dataclass(frozen=True)
class ProblemWords:
    """A problem of a piece of evidence: its name, the glyph, what is the matter, what to do."""

    name: Any
    state: str
    sentence: Any
    advice: Any


PROBLEMS = {
    Problem.UNREADABLE: ProblemWords(
        _l("Unreadable"),
        "gap",
        _l("The file could not be read."),
        _l("Open it yourself; if it is damaged, upload it again as a new version, best as PDF."),
    ),
    Problem.ENCRYPTED: ProblemWords(
        _l("Locked"),
        "gap",
        _l("The file is locked with a password."),
        _l("Take the password off and upload it as a new version: a panel can't open it either."),
    ),
    Problem.OLD: ProblemWords(
        _l("Before the window"),
        "gap",
        _l("It speaks only for school years before the last three."),
        _l("Add the years it still speaks for, or cite something newer beside it."),
    ),
    Problem.CITED_OFTEN: ProblemWords(
        _l("Cited often"),
        "wait",
        _l("More than 6 elements cite it."),
        _l("See whether it carries them all, and name the page for each."),
    ),
    Problem.NO_YEAR: ProblemWords(
        _l("No school year"),
        "bare",
        _l("Nobody has said which school year it speaks for."),
        _l("Tick the pieces of one year and add it to all of them at once."),
    ),
    Problem.NO_DATE: ProblemWords(
        _l("No date"),
        "none",
        _l("It has no date of its own."),
        _l("Open it and give the date that stands on the document."),
    ),
    Problem.UNCITED: ProblemWords(
        _l("Cited nowhere"),
        "none",
        _l("No element cites it, so no package will hold it."),
        _l("Cite it, or put it into the trash."),
    ),
}

REFUSALS = {
    # accounts
    "name_empty": _l("Please give a name."),
    "name_long": _l("A name has at most %(longest)s characters."),
    "district_empty": _l("Please give the district."),
    "school_known": _l("This district already has a school of that name."),
    "username_malformed": _l(
        "A user name has 3 to 120 letters, digits or . _ @ + -, such as a phone number or an e-mail address."
    ),
    "username_taken": _l("This user name is taken. Please choose another."),
    "password_short": _l("A password has at least %(shortest)s characters."),
    "password_long": _l("A password has at most %(longest)s characters."),
    "password_guessable": _l("This password is too easy to guess."),
    "password_wrong": _l("This is not your password."),
    "role_needs_school": _l("School staff belong to a school; other roles don't."),
    "role_not_invitable": _l("A chair is named when a panel is formed."),
    "invitation_unknown": _l("This invitation link is not known. Please check that it was copied whole."),
    "invitation_used": _l("This invitation was used already. Please log in."),
    "invitation_revoked": _l("This invitation was taken back. Please ask for a new one."),
    "invitation_expired": _l("This invitation has expired. Please ask for a new one."),
    "log_in_refused": _l("User name and password don't match."),
    "log_in_slowed": _l("Too many tries. Please wait %(seconds)s seconds; what you typed is kept."),
    "cannot_disable_self": _l("You can't close your own account."),
    "account_closed": _l("This account is closed. The bureau can open it again."),
    "password_link_bureau_only": _l("Only the bureau can send this person a link for a new password."),
    "role_unknown": _l("Please choose a role."),
    "role_kept_by_panel": _l("Roles in a panel stay with the panel."),
    "cannot_take_own_role": _l("You can't take this role from yourself."),
    "stage_unknown": _l("Please choose one of the stages."),
    "school_unknown": _l("Please choose a school of the list."),
    "person_unknown": _l("Please choose a person of the list."),
    "moment_malformed": _l("Please give a day and a time, such as 2026-09-01 18:00."),
    "number_malformed": _l("Please give a number such as 2 or 0.5."),
    "rubric_unknown": _l("Please choose a rubric of the list."),
    "scores_needed": _l("An element needs at least one score."),
    "tolerance_uneven": _l("A spread is given in whole hundredths of a point, such as 0.2."),
    "schools_missing": _l("Please choose at least one school."),
    "panel_unknown": _l("Please choose a panel of this round."),
    # scores
    "empty": _l("Please give a score, or set the element to unscored."),
    "not_a_number": _l("A score is a number such as 0.8."),
    "negative": _l("A score can't be below 0."),
    "above_points": _l("This element has at most %(points)s points."),
    "off_step": _l("Scores go in steps of %(step)s: %(below)s or %(above)s."),
    "text_too_long": _l("This text has more than %(longest)s characters."),
    "version_missing": _l("The version this text was based on is missing. Please load the page again."),
    "stale_write": _l("Somebody else saved first. Both texts are shown; nothing is lost."),
    "no_such_person": _l("This person is not on the school's staff."),
    # work: who does what by when
    "due_needs_owner": _l("Please say who has to be done by that day."),
    "due_passed": _l("This day has passed. Please choose today or a later one."),
    "due_after_deadline": _l("The dossier must be in by %(deadline)s. Please choose an earlier day."),
    "elements_missing": _l("Please choose at least one element."),
    "email_malformed": _l("This is not an e-mail address, such as name@school.edu.cn."),
    # basic figures
    "figure_empty": _l("Please give a number."),
    "figure_not_a_number": _l("This is not a number such as 1203 or 12.5."),
    "figure_negative": _l("A figure can't be below 0."),
    "figure_too_large": _l("A figure has at most %(digits)s digits before the point."),
    "figure_decimals": _l("At most %(decimals)s decimals are asked for here."),
    "figure_unit": _l("This figure is counted in %(unit)s, not in %(given)s."),
    "figure_above": _l("This is more than '%(whole)s', which is %(most)s. Please check both."),
    "figure_below": _l("This is less than '%(part)s', which is %(least)s. Please check both."),
    "figure_missing": _l("Please enter the figure first."),
    "no_proof": _l("This file no longer proves the result. Please open the element again."),
    # carrying over
    "nothing_to_carry": _l("There is no earlier dossier of this school to start from."),
    "carried_already": _l("This dossier has started from an earlier one already."),
    # dossier and submission
    "cycle_known": _l("There is a cycle of that name already."),
    "dates_reversed": _l("The deadline must be after the opening."),
    "round_missing": _l("A cycle needs at least one round, and each round a name."),
    "step_uneven": _l("The step must divide one point evenly, such as 0.1 or 0.5."),
    "dossier_open": _l("This school has its dossier in this cycle already."),
    "awaiting_signature": _l("The principal has this dossier for signing. Recall it to go on editing."),
    "not_drafting": _l("This dossier has been handed over already."),
    "not_signing": _l("This dossier is not waiting for a signature."),
    "gaps_open": _l("%(count)s gaps are neither fixed nor waived."),
    "ticked_already": _l("Somebody else has just ticked this material."),
    "gap_unknown": _l("This gap is no longer there."),
    "reason_missing": _l("Please give a reason."),
    "deadline_passed": _l("The deadline for submissions has passed."),
    "bytes_missing": _l("The file '%(title)s' can't be read from the store. Please tell the bureau."),
    # the working sheet
    "sheet_missing": _l("Please choose the working sheet."),
    "sheet_unreadable": _l("This file can't be read as an Excel workbook (.xlsx)."),
    "sheet_macros": _l("This workbook holds macros. Please save it as .xlsx without them."),
    "sheet_too_large": _l("A working sheet has at most %(rows)s rows and %(kilobytes)s kB."),
    "sheet_headings": _l(
        "The headings %(headings)s are not in this sheet. Please fill in the one exported here."
    ),
    "sheet_of_other_dossier": _l("This working sheet is of another school or another cycle."),
    "sheet_of_other_rubric": _l("This working sheet is of another rubric."),
    "sheet_refused": _l("%(count)s cells are refused. Nothing was changed."),
    "sheet_outdated": _l(
        "The dossier has changed since this preview. Please look at it again; nothing was changed."
    ),
    "cell_formula": _l("A formula or an error stands here. Please write its value."),
    "cell_without_code": _l("This row has no code, so nobody can tell which element it is."),
    "cell_unknown_code": _l("There is no element %(element)s."),
    "cell_twice": _l("%(element)s stands in an earlier row already."),
    "cell_not_yours": _l("%(element)s is not assigned to you."),
    "digest_malformed": _l("A digest has 64 signs, each 0 to 9 or a to f."),
    "bytes_changed": _l(
        "The file '%(title)s' is no longer what was signed. The export was stopped; please tell the bureau."
    ),
    # review
    "expert_missing": _l("A panel needs at least %(needed)s experts."),
    "chair_missing": _l("A panel needs a chair."),
    "panel_known": _l("This round has a panel of that name already."),
    "package_assigned": _l("This package has been assigned in this round already."),
    "package_of_other_cycle": _l("This package belongs to another cycle."),
    "conflict_of_interest": _l("%(names)s: conflict of interest with this school."),
    "not_stepped_aside": _l("This expert has not stepped aside."),
    "already_substituted": _l("Somebody reviews in this expert's place already."),
    "already_reviews": _l("%(name)s reviews this package already."),
    "has_seen_scores": _l("%(name)s has seen all scores as chair and can't score independently any more."),
    "channel_missing": _l("Please say what this score rests on."),
    "channel_unknown": _l("Please choose one of the channels."),
    "review_handed_in": _l("You have handed in this review."),
    "review_not_in": _l("This review is not handed in yet: change the score itself."),
    "correction_unchanged": _l("Nothing is different from what stands."),
    "correction_late": _l("The table of all scores is open: nobody corrects their own score any more."),
    "review_incomplete": _l("%(count)s elements are not scored yet."),
    "reviews_outstanding": _l("%(count)s reviews are not in yet."),
    "assignment_closed": _l("This review is closed."),
    "settlement_incomplete": _l("%(count)s elements are not settled yet."),
    "rule_unknown": _l("Please say what the final score rests on."),
    "rule_not_median": _l("The median is %(median)s. Choose another rule for another score."),
    "median_missing": _l(
        "No expert scored this element. Choose another rule, or say that it is not assessed."
    ),
    "settlement_open": _l("The table of all scores is open already."),
    "settlement_not_open": _l("The chair has not opened the table of all scores yet."),
    "nothing_settled": _l("This element is not settled."),
    "closing_proposed": _l(
        "Closing is proposed and waits for a signature. Withdraw the proposal to change something."
    ),
    "nothing_proposed": _l("Nobody proposes to close this review now."),
    "closing_changed": _l("The chair has proposed anew meanwhile. Please read it before you sign."),
    "second_person_needed": _l("A second person signs: not the one who proposed."),
    "signer_missing": _l("No other expert can sign. Please ask the bureau for one."),
    "signer_unknown": _l("An expert whose review counts signs."),
    "remark_empty": _l("Please write something, or choose to agree or disagree."),
    "stance_unknown": _l("Please choose to agree or to disagree."),
    "not_closed": _l("The panel has not closed this review yet."),
    "already_published": _l("This result has been published already."),
    # evidence and uploads
    "upload_empty": _l("This file is empty."),
    "upload_too_large": _l("This file has %(size)s MB; at most %(limit)s MB are taken."),
    "upload_no_room": _l(
        "There is no room left on the server. What has arrived is kept; please try again later."
    ),
    "upload_busy": _l("This upload is being written by another window. Please wait a moment."),
    "upload_offset": _l("The upload stands at byte %(offset)s. Please continue from there."),
    "upload_gone": _l("This upload is no longer there. Please choose the file again."),
    "upload_expired": _l("This upload was left for too long. Please choose the file again."),
    "upload_finished": _l(
        "This file has been taken in already. Delete it among the evidence if it isn't wanted."
    ),
    "upload_checksum": _l("A part of the file was damaged on its way. Please send it again."),
    "upload_checksum_unknown": _l("A checksum is one of %(known)s, a space, and the digest in base64."),
    "upload_cut": _l("The line was cut. Please continue where it stopped."),
    "upload_version": _l("This server speaks version %(version)s of the upload protocol."),
    "upload_content_type": _l("The body of an upload has the content type %(expected)s."),
    "upload_number": _l("The header %(header)s must be a whole number of bytes."),
    "upload_metadata": _l("The description of this upload can't be read."),
    "upload_beyond_end": _l("There are more bytes than this upload was announced with."),
    "storage_unavailable": _l(
        "The file store does not answer. What has arrived is kept; please try again later."
    ),
    "files_missing": _l("Please choose at least one file."),
    "files_too_large": _l("All files of one form together may have at most %(limit)s MB."),
    "file_empty": _l("There is nothing in this file."),
    "file_not_on_list": _l("%(found)s is not among the types of file that are taken."),
    "file_unknown_type": _l("The type of this file can't be told, or isn't among those that are taken."),
    "file_active_content": _l("This file holds a web page or a script. Please save it as PDF."),
    "file_unreadable_archive": _l("This file is damaged, or too large inside to be looked into."),
    "not_an_archive": _l("This is not a ZIP file."),
    "archive_entries": _l("There are %(count)s files in this ZIP; at most %(most)s are opened at once."),
    "archive_too_large": _l("Unpacked, this ZIP has more than %(limit)s MB."),
    "entry_outside": _l("Its path leads out of the ZIP."),
    "entry_link": _l("It is a link to another file, not a file."),
    "entry_encrypted": _l("It has a password. Please pack it without one."),
    "entry_method": _l("It is packed in a way that is not opened here. Please pack it as an ordinary ZIP."),
    "entry_bomb": _l("Unpacked, it would be more than 200 times as large."),
    "entry_damaged": _l("It is damaged inside the ZIP."),
    "not_the_same_file": _l("These two are not the same file."),
    "merge_unknown": _l("Please choose what becomes of the two."),
    "file_mismatch": _l("The name ends like a program's, but it is %(found)s. Please rename it."),
    "title_empty": _l("Please give a title."),
    "kind_unknown": _l("Please choose one of the kinds."),
    "year_malformed": _l("A school year is written like 2023 or 2023-2024."),
    "date_malformed": _l("A date is written like 2025-03-21."),
    "version_unchanged": _l("This is the same file as version %(number)s."),
    "evidence_in_package": _l("Package %(packages)s holds this evidence, so it stays."),
    "evidence_cited": _l("It is still cited for %(elements)s. Remove these citations first."),
    "evidence_proves": _l("It is the proof of a basic figure. Choose another proof there first."),
    "evidence_trashed": _l("This evidence is in the trash. Take it out first."),
    "evidence_not_trashed": _l("This evidence is not in the trash."),
    "already_cited": _l("%(element)s cites this evidence already."),
    "not_cited": _l("It isn't cited for %(element)s."),
    "pieces_missing": _l("Please choose at least one piece of evidence."),
    "pieces_many": _l("At most %(most)s pieces can be changed at once."),
    "change_missing": _l("Please choose what to change."),
    "year_missing": _l("Please choose a school year."),
    "element_missing": _l("Please choose an element."),
    "page_malformed": _l("A page is a whole number from 1."),
    "page_from_missing": _l("Please give the first page too."),
    "pages_reversed": _l("The last page can't come before the first."),
    "not_found": _l("There is nothing here."),
    "copy_in_the_making": _l(
        "The copies of pictures without place and device are still being made: %(titles)s. Try again in a minute."
    ),
    "copy_failed": _l(
        "No copy without place and device could be made of: %(titles)s. Upload another file in its place."
    ),
    "derivation_under_way": _l("It is being worked on already."),
}
# Areas add their own words here (evidence, uploads); one table answers for all.


def explain(error: DomainError) -> str:
    """The sentence for a refusal; where several fields are refused at once, the first one's."""
    if isinstance(error, Refused):
        error = next(iter(error.errors.values()))
    return refusal(error.code, error.context)


def refusal(code: str, context: Mapping[str, Any] = MappingProxyType({})) -> str:
    """The sentence for a code."""
    return str(REFUSALS[code]) % plain(context)


def gap_words(gap: Gap) -> tuple[str, str]:
    """What is missing, and what to do."""
    matter, advice = GAPS[gap.rule]
    values = plain(gap.context)
    return str(matter) % values, str(advice) % values


def hours(value: Decimal) -> str:
    """The work a step takes, as a rule: "about 1.5 h"."""
    return gettext("about %(hours)s h", hours=f"{value.normalize():f}")


def plain(context: Mapping[str, Any]) -> dict[str, Any]:
    """Context for a sentence: points as people write them."""
    return {key: _plain(key, value) for key, value in context.items()}


def _plain(key: str, value: Any) -> Any:
    if isinstance(value, Label):
        return label(value)
    if key == "years":
        return " · ".join(f"{year}–{year + 1}" for year in value)
    if not isinstance(value, Decimal):
        return value
    # what an element is worth is written as the published table does: 2, not 2.0
    return str(int(value)) if key == "points" and value == int(value) else format_score(value)


def errors_by_field(refused: Refused) -> dict[str, str]:
    """Each refused field's sentence."""
    return {field: explain(error) for field, error in refused.errors.items()}


def totals_in_json(totals: Totals) -> dict[str, str | int]:
    """The three numbers, as text so that they stay exact."""
    return {
        "points": format_score(totals.points),
        "claimed": format_score(totals.claimed),
        "supported": format_score(totals.supported),
        "at_risk": format_score(totals.at_risk),
        "unscored": totals.unscored,
        "unscored_points": format_score(totals.unscored_points),
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


def quantity(result: MeasureResult, rubric: Rubric) -> str:
    """What a measure asks for: "at least 10 %"."""
    threshold, unit = result.measure.threshold, result.measure.unit
    number = f"{threshold.amount:f} {unit.words(_language(), rubric.units)}" if threshold else ""
    return str(COMPARISONS[result.measure.comparison]) % {"number": number}


def stated(result: MeasureResult, rubric: Rubric) -> str:
    """A measure's result as a remark: "Training's share 10.8 %, reaches ≥ 10 %"; every year where each counts."""
    said = {year: value_words(result, year, rubric.units) for year in result.values}
    values = [
        f"{year}–{year + 1} {label(words)}" if result.measure.each_year else label(words)
        for year, words in said.items()
        if words is not None
    ]
    falling = result.measure.comparison is Comparison.NOT_FALLING
    return str((STATED_TREND if falling else STATED)[result.verdict]) % {
        "measure": label(result.measure.name),
        "value": gettext(", ").join(values),
        "target": label(target_words(result.measure, rubric.units)),
    }


def unit_words(unit: Unit, rubric: Rubric) -> str:
    """A unit in the reader's language."""
    return unit.words(_language(), rubric.units)


def figure_name(rubric: Rubric, code: str) -> str:
    """A figure's name in the reader's language."""
    return next(label(figure.label) for figure in rubric.figures if figure.code == code)


def label(named: Label) -> str:
    """A name of the rubric's guidance in the reader's language."""
    return named.words(_language())


def _language() -> str:
    return str(get_locale()).partition("_")[0]


def gap_rule(key: str) -> Rule:
    """What a waived gap was, from the key it was waived under."""
    return Rule(key.rpartition(":")[2])
