"""What an uploader says about a file beforehand, in upload metadata or a form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from portfolio.errors import DomainError, NotFound
from portfolio.filenames import clean_display_name
from portfolio.filetypes import PUBLISHED
from portfolio.models import EvidenceKind
from portfolio.services import evidence
from portfolio.services.evidence import LONGEST_REMARK, Description
from portfolio.titles import LONGEST_TITLE, clean_path, default_title, guess_kind, guess_years

_FAMILIES = {kind.media_type: kind.family for kind in PUBLISHED}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the uploader says about a file beforehand; what they leave out is guessed from its name."""

    filename: str
    title: str = ""
    kind: str = ""
    years: list[int] = field(default_factory=list)
    element: str = ""
    evidence_id: int | None = None
    reason: str = ""
    # the file's folders and name as they stood where it came from: to be shown, and for codes in it
    path: str = ""

    def described(self, media_type: str) -> Description:
        """The description of the new evidence."""
        return Description(
            title=self.title or default_title(self.filename),
            kind=EvidenceKind(self.kind) if self.kind else guess_kind(self.filename, _FAMILIES[media_type]),
            years=frozenset(self.years) or guess_years(self.filename),
        )


def read_wishes(said: Mapping[str, str]) -> Wishes:
    """Wishes from upload metadata or a form.

    Raises DomainError (kind_unknown, year_malformed, text_too_long), NotFound for what can't be evidence.
    """
    title, reason = said.get("title", "").strip(), said.get("reason", "").strip()
    kind, named = said.get("kind", "").strip(), said.get("evidence", "").strip()
    if len(title) > LONGEST_TITLE:
        raise DomainError("text_too_long", field="title", longest=LONGEST_TITLE)
    if len(reason) > LONGEST_REMARK:
        raise DomainError("text_too_long", field="reason", longest=LONGEST_REMARK)
    if kind and kind not in {member.value for member in EvidenceKind}:
        raise DomainError("kind_unknown", field="kind")
    if named and not (named.isdecimal() and len(named) <= 16):
        raise NotFound()
    return Wishes(
        filename=clean_display_name(said.get("filename", "")),
        title=title,
        kind=kind,
        years=read_years(said.get("school_year", "")),
        element=said.get("element", "").strip()[:16],
        evidence_id=int(named) if named else None,
        reason=reason,
        path=clean_path(said.get("path", "")),
    )


def read_years(typed: str) -> list[int]:
    """School years by the calendar year each starts in, as typed: "2023", "2022, 2023" or "2022-2023".

    Raises DomainError("year_malformed").
    """
    years = []
    for word in typed.replace("，", " ").replace("、", " ").replace(",", " ").split():
        first = word.replace("–", "-").split("-")[0].removesuffix("学年")
        if not (first.isdecimal() and evidence.FIRST_YEAR <= int(first) <= evidence.LAST_YEAR):
            raise DomainError("year_malformed", field="years")
        years.append(int(first))
    return sorted(set(years))
