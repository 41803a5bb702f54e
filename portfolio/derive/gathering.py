"""What a reader has found so far, within the limit of its text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portfolio.derive import ocr
from portfolio.derive.results import Derived, Limits, Note, PageImage, PageText, TextSource
from portfolio.derive.textnorm import tidy

if TYPE_CHECKING:
    from PIL import Image


class Pages:
    """Texts, images and notes, page after page."""

    def __init__(self, limits: Limits) -> None:
        self.images: list[PageImage] = []
        self._texts: list[PageText] = []
        self._notes: list[Note] = []
        self._characters_left = limits.text_characters
        self._recognised = False

    def add_text(self, number: int, raw: str) -> None:
        """The page's text, made tidy and cut where there is too much of it; pages without text are kept."""
        text = tidy(raw[: self._characters_left + 1])
        if len(text) > self._characters_left or len(raw) > self._characters_left:
            text = text[: self._characters_left]
            self.note("text_cut")
        self._characters_left -= len(text)
        self._texts.append(PageText(number, text))

    def recognise(self, number: int, picture: Image.Image) -> None:
        """The text of a page that is a picture, in place of what stood for it."""
        try:
            text = ocr.recognise(picture)
        except ocr.RecognitionFailed:
            self.note("ocr_failed")
            return
        if text.strip():
            self._recognised = True
            self._texts = [page for page in self._texts if page.number != number]
            self.add_text(number, text)

    def note(self, note: Note) -> None:
        """Remember a note, once."""
        if note not in self._notes:
            self._notes.append(note)

    @property
    def has_text(self) -> bool:
        """Whether any page has text."""
        return any(page.text for page in self._texts)

    def derived(self, page_count: int | None) -> Derived:
        """All of it."""
        layer: TextSource = "layer" if self.has_text else "none"
        return Derived(
            page_count=page_count,
            pages=tuple(self._texts),
            images=tuple(self.images),
            text_source="ocr" if self._recognised else layer,
            notes=tuple(self._notes),
        )
