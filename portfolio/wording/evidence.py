"""What is the matter with a piece of evidence, and what could not be made of a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from portfolio.queries.problems import Problem

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
    "bytes_missing": _l("Its bytes are missing from the store. Please tell whoever runs the server."),
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
