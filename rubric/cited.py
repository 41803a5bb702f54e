"""A piece of evidence as a rule of the rubric sees it: what sort it is, when it is from, what it is called."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from rubric.schoolyears import school_year_of


@dataclass(frozen=True, slots=True)
class CitedEvidence:
    """A file cited for an element; a school year is named by the calendar year it starts in.

    `date` is the document's own, `made_at` (aware) the moment its bytes were written, where that is known.
    """

    evidence_id: int
    kind: str
    years: frozenset[int]
    date: date | None
    title: str = ""
    made_at: datetime | None = None

    @property
    def speaks_for(self) -> frozenset[int]:
        """The school years it names; that of its date, where it names none."""
        if self.years or self.date is None:
            return self.years
        return frozenset({school_year_of(self.date)})


def distinct(citations: Iterable[CitedEvidence]) -> tuple[CitedEvidence, ...]:
    """Each file once, however many of its pages are cited."""
    return tuple({cited.evidence_id: cited for cited in citations}.values())
