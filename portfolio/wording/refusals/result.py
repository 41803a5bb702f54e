"""Refusals around a panel's report, answers to factual errors, rectification, and what the bureau sets for results."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

REFUSALS = {
    "element_unknown": _l("Please choose one of the elements."),
    "problem_missing": _l("Please say what is wrong."),
    "measure_missing": _l("Please say what is to be done."),
    "responsible_missing": _l("Please name who at the school is responsible."),
    "due_missing": _l("Please name a day."),
    "due_past": _l("Please name a day that is still to come."),
    "not_published": _l("This result has not been published yet."),
    "no_window": _l("This result can't be answered: the bureau opened no window for it."),
    "window_over": _l("The window for answers is over."),
    "answer_missing": _l("Please say what is wrong, and where it can be seen."),
    "no_draft": _l("There is no draft here any more."),
    "answer_sent": _l("This answer has been sent: it can't be changed any more."),
    "answer_unsent": _l("There is no answer of the school to decide about."),
    "answer_decided": _l("This answer has been decided about already."),
    "outcome_unknown": _l("Please choose one."),
    "score_unchanged": _l("This is the score that stands. To leave it, decline with a reason."),
    "chair_decides": _l("The panel's chair decides about this answer."),
    "own_case": _l("Nobody decides about their own school."),
    "evidence_missing": _l("This evidence isn't in the library. Please choose again."),
    "evidence_twice": _l("This evidence is named already."),
    "pages_without_evidence": _l("Please choose the evidence that these pages are of."),
    "item_done": _l("This item is done, as a re-check found: nothing is left to report."),
    "report_missing": _l("Please say what was done."),
    "check_reason_missing": _l("Please say what the re-check found."),
    "terms_published": _l("A result of this cycle has been published: what it was published by stays."),
    "band_incomplete": _l("A band needs a name and the points it begins at."),
    "bands_alike": _l("Two bands have the same name or begin at the same points."),
    "mark_above_points": _l("The rubric has %(points)s points in all."),
    "award_years_uneven": _l("Please give a number of years from 1 to %(most)s."),
    "window_too_long": _l("A window lasts %(longest)s days at most."),
    "evidence_answers": _l("An answer of the school to a panel rests on it: it stays."),
}
