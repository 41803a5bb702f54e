"""Refusals of the panel's documents, of an office's own templates, and of time stamps."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

REFUSALS = {
    "panel_document_closed": _l(
        "This document opens to the panel with the table of all scores, and to the bureau once the review is closed."
    ),
    "review_not_closed": _l("This document is there once the panel's review is closed."),
    "result_unpublished": _l("This document is there once the bureau has published the result."),
}
