"""Refusals of a visit: its agenda, findings, samples and questionnaires."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

REFUSALS = {
    "ticked_meanwhile": _l("Somebody ticked this off at the same moment."),
    "finding_empty": _l("Please write what you found."),
    "finding_without_channel": _l("Please say how you learned it."),
    "elements_unknown": _l("There are no such elements: %(names)s."),
    "elements_too_many": _l("A finding speaks of at most %(most)s elements."),
    "finding_withdrawn": _l("This finding has been taken back."),
    "noted_meanwhile": _l("This finding was saved at the same moment. Please look at it again."),
    "photo_no_picture": _l("'%(name)s' is not a picture. Only photographs can be added to a finding."),
    "photos_too_many": _l("A finding has at most %(most)s photographs."),
    "photo_added_meanwhile": _l("This photograph was added at the same moment."),
    "photo_removed": _l("This photograph has been removed."),
    "list_missing": _l("Please paste a list, or say how many there are."),
    "list_and_count": _l("Please either paste a list or say how many there are, not both."),
    "list_too_long": _l("A list has at most %(most)s lines."),
    "line_too_long": _l("A line has at most %(longest)s characters."),
    "count_malformed": _l("Please give a whole number from 1 to %(most)s."),
    "size_malformed": _l("Please give a whole number from 1 to %(most)s."),
    "size_beyond": _l("The list has only %(count)s."),
    "drawn_already": _l(
        "This list was drawn from already. Please say why it is drawn again; both draws stay on record."
    ),
    "drawn_meanwhile": _l("Somebody drew at the same moment. Please look at their draw first."),
    "survey_nameless": _l("Please say who was asked."),
    "survey_headings": _l("The headings %(headings)s are not in this sheet. Please use the template."),
    "survey_answers": _l(
        "Beside the questions there must be one column for each answer, of different names, at most %(most)s."
    ),
    "survey_empty": _l("There is no question in this sheet."),
    "survey_refused": _l("%(count)s cells are refused. Nothing was taken in."),
    "survey_known": _l("The results of this sheet are here already."),
    "survey_withdrawn": _l("These results have been taken back."),
    "cell_without_question": _l("Please write the question."),
    "cell_without_counts": _l("No answer of this question has a count."),
    "cell_no_count": _l("A count is a whole number from 0 on."),
}
