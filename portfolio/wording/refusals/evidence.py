"""Refusals of files and of what is done with evidence."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

REFUSALS = {
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
    "not_found": _l("There is nothing here, or nothing for you."),
    "copy_in_the_making": _l(
        "The copies of pictures without place and device are still being made: %(titles)s. Try again in a minute."
    ),
    "copy_failed": _l(
        "No copy without place and device could be made of: %(titles)s. Upload another file in its place."
    ),
    "derivation_under_way": _l("It is being worked on already."),
}
