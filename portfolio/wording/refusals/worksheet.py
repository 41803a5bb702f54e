"""Refusals of the working sheet."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

REFUSALS = {
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
        "The file '%(title)s' is no longer what was signed. The export was stopped; please tell whoever runs the server."
    ),
}
