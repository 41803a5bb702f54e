"""Labels for the spines of archive boxes (档案盒标签), to print, cut and paste: one an A-indicator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portfolio.documents import word
from portfolio.documents.typeset import pdf

# A spine of the usual box, with a margin to cut; four stand on a page
WIDTH, HEIGHT = 42, 250  # mm
A_PAGE = 4


@dataclass(frozen=True, slots=True)
class Label:
    """What stands on one spine: the indicator, the first and the last number in the box, how many pieces."""

    school: str
    cycle: str
    code: str
    title: str
    first: str
    last: str
    pieces: int
    years: tuple[int, ...]

    @property
    def numbers(self) -> str:
        """From the first to the last number."""
        return self.first if self.first == self.last else f"{self.first}\n至\n{self.last}"

    @property
    def count(self) -> str:
        """How many pieces, of which school years."""
        pieces = f"{self.pieces} 件"
        return f"{pieces}\n{min(self.years)}—{max(self.years) + 1} 学年" if self.years else pieces


# Filled in by hand: an indicator may need several boxes.
BOX = "第　　盒\n共　　盒"


def document_pdf(labels: Sequence[Label], *, at: datetime) -> bytes:
    """The labels as PDF, four a page, with lines to cut along."""
    return pdf(
        "labels",
        document={
            "box": BOX,
            "labels": [
                {
                    "school": label.school,
                    "cycle": label.cycle,
                    "code": label.code,
                    "title": label.title,
                    "numbers": label.numbers,
                    "count": label.count,
                }
                for label in labels
            ],
        },
        at=at,
    )


def document_docx(labels: Sequence[Label], *, at: datetime) -> bytes:
    """The labels as DOCX, to be changed before they are printed."""
    made = word.begin(title="档案盒标签", at=at, numbered=False)
    for begin in range(0, len(labels), A_PAGE):
        if begin:
            made.add_page_break()
        made.add_spines([_parts(label) for label in labels[begin : begin + A_PAGE]], WIDTH)
    return made.finished()


def _parts(label: Label) -> tuple[word.Spine, ...]:
    """From the top of the spine to its foot."""
    return (
        word.Spine(label.code, 20, size=22, sans=True),
        word.Spine(label.title, 95, size=18, sans=True, vertical=True),
        word.Spine(label.school, 65, size=14, vertical=True),
        word.Spine(label.cycle, 15, size=10),
        word.Spine(label.numbers, 20, size=9),
        word.Spine(label.count, 17, size=10),
        word.Spine(BOX, 17, size=10),
    )
