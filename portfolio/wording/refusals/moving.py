"""Refusals of what a whole school is packed into, and of long work in the background."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

REFUSALS = {
    "archive_unreadable": _l("This is no archive of a whole school, or it was cut short."),
    "archive_version": _l("Another version wrote this archive (%(found)s); this one reads %(known)s."),
    "archive_outside": _l("%(path)s leads out of the archive."),
    "archive_twice": _l("%(path)s is in the archive twice."),
    "archive_missing": _l("%(path)s is missing in the archive."),
    "archive_extra": _l("%(path)s is in the archive and on none of its lists."),
    "archive_changed": _l(
        "%(path)s in the archive was changed or damaged: it has another digest than its list says."
    ),
    "archive_other": _l("This archive has another digest than the one you gave: %(found)s."),
    "archive_row": _l("Line %(line)s of %(table)s can't be read. %(columns)s"),
    "archive_rows": _l("%(table)s has %(found)s rows instead of %(said)s."),
    "archive_strays": _l("%(table)s names something that doesn't belong to this school."),
    "archive_swept": _l("Files were cleared away while the school was coming in. Please try again."),
    "school_here": _l("%(school)s is here already."),
    "cycle_other": _l(
        "There is another cycle %(cycle)s here, under another rubric, school year or score step."
    ),
    "rubric_forged": _l("The rubric %(rubric)s isn't what its digest says."),
    "errand_under_way": _l("This is in the making already."),
    "errand_over": _l("This is over already."),
    "errand_nothing": _l(
        "There is nothing to fetch: it isn't ready, or it was cleared away after three days."
    ),
    "errand_not_over": _l("This is still in the making. Cancel it first."),
    "errand_crashed": _l(
        "It was stopped by an error of ours. The log of the server has more; please tell whoever runs it."
    ),
    "ids_taken": _l("Something in %(table)s is here already, or can't be."),
    "package_forged": _l("Package %(number)s isn't what was signed."),
}
