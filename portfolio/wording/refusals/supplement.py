"""Refusals around what a panel asks a school to add."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

REFUSALS = {
    "element_not_reopened": _l(
        "The panel did not ask about %(element)s: it stays as submitted. Only the elements asked about are open."
    ),
    "dossier_not_reopened": _l("Only the elements that the panel asked about are open."),
    "supplement_over": _l(
        "The supplement is handed in, or its deadline has passed: nothing is open until the result is published."
    ),
    "supplement_late": _l(
        "The table of all scores is open: no expert can score anew any more, so nothing is asked for."
    ),
    "supplement_standing": _l("The school has been asked already and may still answer."),
    "supplement_unavailable": _l("This school's result is published: nothing can be asked for any more."),
    "supplement_waiting": _l(
        "The school may still hand in its supplement. Wait for it, or withdraw the request first."
    ),
    "supplement_empty": _l("Please name at least one element, with a question for the school."),
    "supplement_due_missing": _l("Please say until when the school may answer."),
    "supplement_due_passed": _l("The deadline must be in the future."),
    "supplement_due_not_later": _l("The new deadline must be later than the one that stands."),
    "no_supplement": _l("There is no request that the school could still answer."),
    "question_missing": _l("Please write what the school is to be asked."),
    "proposed_elsewhere": _l(
        "You have just proposed a question for this element elsewhere. Please load the page again."
    ),
}
