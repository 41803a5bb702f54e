"""Checks templates: they parse, carry no inline script or style (CSP), and show no text but translated text.

python -m tools.templates FOLDER
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from jinja2 import Environment, TemplateSyntaxError

# attributes that people read or hear
SPOKEN = frozenset({"alt", "aria-label", "aria-description", "placeholder", "title"})
# Stands for what Jinja will put in its place: neither a letter nor a blank.
FILLED_IN = "·"
# Words of a language; SHA-256 and PDF belong to all of them.
_WORDS = re.compile(r"\b(?![A-Z0-9-]+\b)[A-Za-z]{2,}|[㐀-鿿]")
_EMPTY = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)

Mistake = tuple[int, str]


def main(arguments: list[str]) -> int:
    """Print every mistake as file:line: message; 1 if there are any."""
    mistakes = [
        f"{path}:{line}: {message}"
        for folder in arguments
        for path in sorted(Path(folder).rglob("*.html"))
        for line, message in mistakes_of(path.read_text(encoding="utf-8"))
    ]
    print("\n".join(mistakes) if mistakes else "Templates: OK")
    return 1 if mistakes else 0


def mistakes_of(source: str) -> list[Mistake]:
    """Every mistake of a template with its line."""
    environment = Environment(autoescape=True, extensions=["jinja2.ext.do", "jinja2.ext.i18n"])
    try:
        environment.parse(source)
        html = _without_jinja(environment, source)
    except TemplateSyntaxError as error:
        return [(error.lineno, f"not a template: {error.message}")]
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return sorted(reader.mistakes)


def _without_jinja(environment: Environment, source: str) -> str:
    """The template's own HTML, every line where it was; expressions leave a mark, statements and comments nothing."""
    return "".join(_visible(environment, source))


def _visible(environment: Environment, source: str) -> Iterator[str]:
    for _line, kind, text in environment.lex(source):
        if kind in ("data", "raw_begin", "raw_end"):
            yield text if kind == "data" else "\n" * text.count("\n")
        else:
            yield (FILLED_IN if kind == "variable_begin" else "") + "\n" * text.count("\n")


class _Reader(HTMLParser):
    """Reads HTML and notes what must not be there."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.mistakes: list[Mistake] = []
        # open elements, and whether their text names its own language and so needs no translation
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Attributes are checked; the element's text will be."""
        given = {name: value or "" for name, value in attrs}
        foreign = self._is_foreign() or ("lang" in given and tag != "html")
        self._check_attributes(tag, given, foreign=foreign)
        if tag not in _EMPTY:
            self._open.append((tag, foreign))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element without text."""
        given = {name: value or "" for name, value in attrs}
        self._check_attributes(tag, given, foreign=self._is_foreign() or "lang" in given)

    def handle_endtag(self, tag: str) -> None:
        """Closes the innermost element of this name, if one is open here: branches may close it elsewhere."""
        for index in range(len(self._open) - 1, -1, -1):
            if self._open[index][0] == tag:
                del self._open[index:]
                return

    def handle_data(self, data: str) -> None:
        """Text must come from a translation."""
        within = self._open[-1][0] if self._open else ""
        if within in ("script", "style"):
            if data.strip():
                self._note(f"inline <{within}>: the Content-Security-Policy forbids it")
        elif not self._is_foreign() and (found := _WORDS.search(data)):
            line = data[: found.start()].count("\n")
            self._note(f"text without translation: {' '.join(data.split())[:60]!r}", line)

    def _is_foreign(self) -> bool:
        return bool(self._open) and self._open[-1][1]

    def _check_attributes(self, tag: str, given: dict[str, str], *, foreign: bool) -> None:
        for name, value in given.items():
            if name == "style":
                self._note(f"style attribute on <{tag}>: the Content-Security-Policy forbids it")
            elif name.startswith("on"):
                self._note(f"{name} on <{tag}>: the Content-Security-Policy forbids it")
            elif name in SPOKEN and not foreign and _WORDS.search(value):
                self._note(f"{name} without translation: {value[:60]!r}")

    def _note(self, message: str, further_lines: int = 0) -> None:
        self.mistakes.append((self.getpos()[0] + further_lines, message))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
