"""Refusals of the panel's documents, of an office's own templates, and of time stamps."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

REFUSALS = {
    "panel_document_closed": _l(
        "This document opens to the panel with the table of all scores, and to the bureau once the review is closed."
    ),
    "review_not_closed": _l("This document is there once the panel's review is closed."),
    "template_missing": _l("Please choose a Word file."),
    "template_too_large": _l("A template has at most %(kilobytes)s kB."),
    "template_not_word": _l("This is not a Word file (.docx)."),
    "template_active": _l(
        "This file holds macros, embedded objects or links to files elsewhere. Please save it without them."
    ),
    "template_unreadable": _l("This file can't be filled in: its content is damaged."),
    "template_syntax": _l("A placeholder is not written right: %(place)s"),
    "template_unknown": _l("There is no placeholder %(names)s. The list below names those there are."),
    "template_construct": _l(
        "A template may name fields, go through a list, and ask whether a field is filled; it may not use %(names)s."
    ),
    "template_empty": _l("No placeholder stands in this file: every school would get the same text."),
    "stamp_missing": _l("This package has no time stamp."),
    "result_unpublished": _l("This document is there once the bureau has published the result."),
}
