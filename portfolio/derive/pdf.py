"""PDF: the text of each page, its images. PDFium, which is not thread-safe: in a process of its own only."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pypdfium2
from PIL import Image

from portfolio.derive import ocr
from portfolio.derive.gathering import Pages
from portfolio.derive.images import PAGE, PAGE_LARGE, TALLEST, draw_thumbnail, write
from portfolio.derive.results import Derived, Job, Unworkable

_ENCRYPTED = (4, 5)  # FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY
_SMALLEST = 1.0  # points; what is narrower has no size


def read(job: Job) -> Derived:
    """Text, page images and a thumbnail. Raises Unworkable."""
    return read_pdf(job.source, job)


def read_pdf(path: Path, job: Job) -> Derived:
    """The same for a PDF that was made of the job's file."""
    with _opened(path) as document:
        count = len(document)
        if count == 0:
            raise Unworkable("unreadable", "no pages")
        if count > job.limits.pages:
            raise Unworkable("too_many_pages", str(count))
        reading = _Reading(document, job)
        if job.pages is not None:
            return reading.images_of(job.pages)
        return reading.whole()


@contextmanager
def _opened(path: Path) -> Iterator[pypdfium2.PdfDocument]:
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        encrypted = getattr(error, "err_code", None) in _ENCRYPTED
        raise Unworkable("encrypted" if encrypted else "unreadable", str(error)) from error
    try:
        document.init_forms()  # what was filled in is drawn
        yield document
    finally:
        document.close()


class _Reading:
    def __init__(self, document: pypdfium2.PdfDocument, job: Job) -> None:
        self._document = document
        self._job = job
        self._pages = Pages(job.limits)
        self._unreadable = 0
        self._ocr_left = job.limits.ocr_pages if ocr.available() else 0

    def whole(self) -> Derived:
        count = len(self._document)
        for number in range(1, count + 1):
            self._page(number, draw=number <= self._job.limits.page_images)
        if self._unreadable == count:
            raise Unworkable("unreadable", "none of its pages")
        if count > self._job.limits.page_images:
            self._pages.note("pages_not_drawn")
        return self._pages.derived(page_count=count)

    def images_of(self, numbers: range) -> Derived:
        count = len(self._document)
        for number in numbers:
            if not 1 <= number <= count:
                continue
            with self._loaded(number) as page:
                if page is not None:
                    self._draw(page, number)
        return self._pages.derived(page_count=count)

    def _page(self, number: int, *, draw: bool) -> None:
        with self._loaded(number) as page:
            if page is None:
                self._pages.add_text(number, "")
                return
            text = _text(page)
            if not draw:
                self._pages.add_text(number, text)
                return
            picture = self._draw(page, number)
            if number == 1:
                self._pages.images.append(draw_thumbnail(picture, self._job.out))
        self._pages.add_text(number, text)
        if not text.strip():
            self._recognise(number, picture)

    def _draw(self, page: pypdfium2.PdfPage, number: int) -> Image.Image:
        """Draw the page in both widths, each by PDFium, which is quicker and sharper than making one smaller."""
        large, small = _drawn(page, PAGE_LARGE), _drawn(page, PAGE)
        self._pages.images.append(write(small, number, "page", self._job.out))
        if large.width > small.width:
            self._pages.images.append(write(large, number, "page_large", self._job.out))
        return large

    def _recognise(self, number: int, picture: Image.Image) -> None:
        """Read a page that has no text as the picture it is, unless it is blank."""
        if _is_blank(picture):
            return
        if not ocr.available():
            self._pages.note("ocr_absent")
        elif self._ocr_left:
            self._ocr_left -= 1
            self._pages.recognise(number, picture)

    @contextmanager
    def _loaded(self, number: int) -> Iterator[pypdfium2.PdfPage | None]:
        try:
            page = self._document[number - 1]
        except pypdfium2.PdfiumError:
            self._unreadable += 1
            self._pages.note("page_unreadable")
            yield None
            return
        try:
            yield page
        finally:
            page.close()


def _text(page: pypdfium2.PdfPage) -> str:
    text_page = page.get_textpage()
    try:
        return str(text_page.get_text_range())
    finally:
        text_page.close()


def _drawn(page: pypdfium2.PdfPage, wide: int) -> Image.Image:
    """The page so many pixels wide, less if it would be too tall."""
    width, height = page.get_size()
    if not (math.isfinite(width) and math.isfinite(height)) or min(width, height) < _SMALLEST:
        raise Unworkable("unreadable", f"a page of {width} by {height} points")
    bitmap = page.render(scale=min(wide / width, TALLEST / height), rev_byteorder=True)
    try:
        picture: Image.Image = bitmap.to_pil()
        return picture.convert("RGB")
    finally:
        bitmap.close()


def _is_blank(picture: Image.Image) -> bool:
    darkest, lightest = picture.convert("L").getextrema()
    return bool(darkest == lightest)
