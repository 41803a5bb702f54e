"""What people write in Markdown, as blocks that Word and typst can set: paragraphs, headings, list items, rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from portfolio.documents.prose import html_of

_STRONG, _SLANTED = ("strong", "th"), ("em",)
_HEADINGS = ("h3", "h4")
BETWEEN_CELLS = "　|　"


@dataclass(frozen=True, slots=True)
class Run:
    """Words in one style."""

    text: str
    strong: bool = False
    slanted: bool = False


@dataclass(slots=True)
class Block:
    """A paragraph of some kind: "text", "heading", "item", "quote" or "row" (of a table).

    `mark` stands before an item ("•", "2."), `depth` is how deep its list is nested, from 0.
    """

    kind: str
    runs: list[Run] = field(default_factory=list)
    mark: str = ""
    depth: int = 0

    @property
    def text(self) -> str:
        """Its words in no style."""
        return "".join(run.text for run in self.runs)


def blocks_of(markdown: str) -> list[Block]:
    """The blocks of a text, those without words left out."""
    reader = _Reader()
    reader.feed(html_of(markdown))
    reader.close()
    return [block for block in reader.blocks if block.text.strip()]


class _Reader(HTMLParser):
    """Reads the little HTML that prose may hold."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._open: Block | None = None
        self._styles: list[str] = []
        self._lists: list[int | None] = []  # the last number of each list around; None where it has dots
        self._quoted = 0

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("ul", "ol"):
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "blockquote":
            self._quoted += 1
        elif tag == "li":
            self._begin("item", mark=self._next_mark(), depth=len(self._lists) - 1)
        elif tag in _HEADINGS:
            self._begin("heading")
        elif tag == "tr":
            self._begin("row")
        elif tag == "p" and (self._open is None or self._open.kind != "item" or self._open.text.strip()):
            self._begin("quote" if self._quoted else "text")
        elif tag == "br":
            self._add("\n")
        elif tag in ("td", "th") and self._open is not None and self._open.runs:
            self._add(BETWEEN_CELLS)
        if tag in _STRONG + _SLANTED:
            self._styles.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._styles:
            self._styles.remove(tag)
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        elif tag == "blockquote":
            self._quoted -= 1
        if tag in ("p", "li", "tr", *_HEADINGS) and not (tag == "p" and self._lists):
            self._open = None

    def handle_data(self, data: str) -> None:
        if self._open is None:
            if not data.strip():
                return
            self._begin("text")
        if self._open is not None and self._open.kind == "row" and not data.strip():
            return
        self._add(data.strip("\n") if not data.strip() else data.replace("\n", ""))

    def _begin(self, kind: str, *, mark: str = "", depth: int = 0) -> None:
        self._open = Block(kind, mark=mark, depth=depth)
        self.blocks.append(self._open)

    def _next_mark(self) -> str:
        if not self._lists or self._lists[-1] is None:
            return "•"
        self._lists[-1] += 1
        return f"{self._lists[-1]}."

    def _add(self, text: str) -> None:
        if self._open is not None and text:
            strong = any(style in _STRONG for style in self._styles)
            slanted = any(style in _SLANTED for style in self._styles)
            self._open.runs.append(Run(text, strong, slanted))
