"""What a person called a file: cleaned for showing, and as a header says it."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from urllib.parse import quote

UNNAMED = "未命名"
LONGEST_NAME = 200  # characters
_LONGEST_EXTENSION = 16
# Bidirectional controls can make "fdp.exe" read "exe.pdf"; the separators end a line in some programs.
_INVISIBLE = re.compile("[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def clean_display_name(raw: str) -> str:
    """The name a person gave a file, in any language, without path, control and bidi characters.

    At most LONGEST_NAME characters, the extension kept; UNNAMED if nothing is left.
    """
    visible = "".join(sign for sign in raw if unicodedata.category(sign) not in ("Cc", "Cs"))
    name = unicodedata.normalize("NFC", _INVISIBLE.sub("", visible))
    name = re.split(r"[/\\]", name.rstrip("/\\ "))[-1].strip()
    if not name.strip("."):
        return UNNAMED
    if len(name) <= LONGEST_NAME:
        return name
    extension = Path(name).suffix if len(Path(name).suffix) <= _LONGEST_EXTENSION else ""
    return name[: LONGEST_NAME - len(extension)].rstrip("\u200d ") + extension


def content_disposition(filename: str, inline: bool) -> str:
    """The header value of RFC 6266: an ASCII name for all, the real one as in RFC 5987 beside it."""
    disposition = "inline" if inline else "attachment"
    name = clean_display_name(filename)
    fallback = _ascii_name(name)
    plain = f'{disposition}; filename="{fallback}"'
    if fallback == name:
        return plain
    return f"{plain}; filename*=UTF-8''{quote(name, safe='!#$&+^`|')}"


def _ascii_name(name: str) -> str:
    extension = Path(name).suffix
    if not extension.isascii():
        extension = ""
    stem = name.removesuffix(extension)
    readable = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    tidy = re.sub(r'["\\%]', "_", readable).strip(" .") or "file"
    return tidy + re.sub(r'["\\%]', "_", extension)
