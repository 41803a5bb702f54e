"""Pages as they are compared with each other."""

from __future__ import annotations

import re

_TOKEN = re.compile(r'(name="csrf[-_]token" (?:content|value)=)"[^"]*"')


def without_tokens(page: str) -> str:
    """The page without its CSRF tokens, which are signed anew every second."""
    return _TOKEN.sub(r"\1", page)
