"""Text that every engine can hold."""

from __future__ import annotations


def plain_text(typed: str) -> str:
    """What was typed, with line ends as \\n, without NUL and without half a surrogate pair."""
    return typed.replace("\r\n", "\n").replace("\0", "").encode(errors="ignore").decode()
