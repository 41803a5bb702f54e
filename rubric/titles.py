"""Titles of files in the form in which they are compared with words."""

from __future__ import annotations

import unicodedata

GAP = "…"  # 教师…体检: both parts, in any order


def plain(text: str) -> str:
    """Half width, lower case: the form in which words are compared."""
    return unicodedata.normalize("NFKC", text).lower()
