"""Refusals while a school fills its dossier: scores, work, figures, submission."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

REFUSALS = {
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
    "bytes_missing": _l(
        "The file '%(title)s' can't be read from the store. Please tell whoever runs the server."
    ),
}
