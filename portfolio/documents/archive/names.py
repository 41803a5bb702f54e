"""Names that every system can unpack: what Windows forbids is replaced, nothing is longer than it takes."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath

from portfolio.filenames import UNNAMED
from portfolio.filetypes import PUBLISHED

# Of one name: a path five deep stays under Windows' 260 characters, with room for the folder it is unpacked in
LONGEST_TITLE = 60  # characters
LONGEST_FOLDER = 30
_MOST_BYTES = 180  # in UTF-8; Linux takes 255
_FORBIDDEN = str.maketrans('<>:"/\\|?*%', "＜＞：＂／＼｜？＊％")  # % because BagIt escapes with it
_DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in "123456789¹²³")}
_EXTENSIONS = {kind.media_type: kind.extensions for kind in PUBLISHED}
# What a copy without place and device is written as, where that is another type than the original's.
_COPIES = {"image/heic": ".jpg", "image/bmp": ".png"}


def safe_name(words: str, longest: int = LONGEST_TITLE) -> str:
    """The words as one name of a file or folder, at most so many characters; UNNAMED if nothing is left."""
    seen = "".join(
        " " if sign.isspace() else sign
        for sign in words
        if unicodedata.category(sign)[0] != "C" or sign.isspace()
    )
    name = unicodedata.normalize("NFC", " ".join(seen.split())).translate(_FORBIDDEN)
    name = _cut(name.strip(" ."), longest).strip(" .")
    if name.partition(".")[0].strip().upper() in _DEVICES:
        return f"_{name}"
    return name or UNNAMED


def _cut(name: str, longest: int) -> str:
    """No longer than that, and never within a character that is drawn of several."""
    cut = name[:longest]
    while len(cut.encode()) > _MOST_BYTES:
        cut = cut[:-1]
    while len(cut) < len(name) and cut and unicodedata.combining(name[len(cut)]):
        cut = cut[:-1]
    return cut


def extension(filename: str, media_type: str, *, copied: bool) -> str:
    """The extension under which a file opens: its own where that fits its content."""
    if copied and media_type in _COPIES:
        return _COPIES[media_type]
    own = PurePosixPath(filename).suffix.lower()
    usual = _EXTENSIONS.get(media_type, ())
    if own in usual:
        return own
    return usual[0] if usual else ".bin"
