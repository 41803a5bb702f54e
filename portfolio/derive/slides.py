"""PPTX: the text of each slide, with its speaker's notes."""

from __future__ import annotations

from collections.abc import Iterator

from portfolio.derive.gathering import Pages
from portfolio.derive.ooxml import Package, opened
from portfolio.derive.results import Derived, Job, Unworkable


def read(job: Job) -> Derived:
    """A page for each slide, in the order they are shown. Raises Unworkable."""
    pages = Pages(job.limits)
    with opened(job.source, job.limits) as package:
        slides = _slides(package)
        if len(slides) > job.limits.pages:
            raise Unworkable("too_many_pages", str(len(slides)))
        for number, slide in enumerate(slides, 1):
            pages.add_text(number, "\n".join(_lines(package, slide)))
    return pages.derived(page_count=len(slides))


def _slides(package: Package) -> list[str]:
    presentation = package.main_part()
    relationships = package.relationships(presentation)
    ids = package.references(presentation, "sldId")
    return [relationships[known].target for known in ids if known in relationships]


def _lines(package: Package, slide: str) -> Iterator[str]:
    yield from _paragraphs(package, slide)
    for relationship in package.relationships(slide).values():
        if relationship.kind == "notesSlide":
            yield from _paragraphs(package, relationship.target)


def _paragraphs(package: Package, part: str) -> Iterator[str]:
    for paragraph in package.paragraphs(part):
        line = "".join(piece for piece in paragraph if isinstance(piece, str))
        if line.strip():
            yield line
