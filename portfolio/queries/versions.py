"""Two versions of a piece of evidence, with their texts, for the page that compares them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from portfolio.models import Derivation, DerivationState, EvidenceVersion, PageText, User


@dataclass(frozen=True, slots=True)
class VersionText:
    """A version, and its text by page; `state` is None where no reading was ever asked for."""

    number: int
    filename: str
    reason: str
    uploaded_by: str
    uploaded_at: datetime
    state: DerivationState | None
    pages: tuple[tuple[int, str], ...] = ()

    @property
    def has_text(self) -> bool:
        """Whether there are words to compare."""
        return any(text.strip() for _page, text in self.pages)


@dataclass(frozen=True, slots=True)
class VersionName:
    """A version as one chooses it."""

    number: int
    filename: str


def version_names(session: Session, *, evidence_id: int) -> list[VersionName]:
    """The versions there are, oldest first."""
    rows = session.execute(
        select(EvidenceVersion.number, EvidenceVersion.filename)
        .where(EvidenceVersion.evidence_id == evidence_id)
        .order_by(EvidenceVersion.number)
    )
    return [VersionName(row.number, row.filename) for row in rows]


def version_texts(session: Session, *, evidence_id: int, numbers: tuple[int, int]) -> list[VersionText]:
    """These versions with their texts, in the order asked for, in two statements."""
    rows = session.execute(
        select(EvidenceVersion, User.name, Derivation.state)
        .join(User, User.id == EvidenceVersion.uploaded_by)
        .outerjoin(
            Derivation,
            and_(
                Derivation.school_id == EvidenceVersion.school_id, Derivation.sha256 == EvidenceVersion.sha256
            ),
        )
        .where(EvidenceVersion.evidence_id == evidence_id, EvidenceVersion.number.in_(numbers))
    ).all()
    texts: dict[str, list[tuple[int, str]]] = {version.sha256: [] for version, *_ in rows}
    for page in session.scalars(
        select(PageText)
        .where(PageText.school_id.in_({version.school_id for version, *_ in rows}))
        .where(PageText.sha256.in_(texts))
        .order_by(PageText.page)
    ):
        texts[page.sha256].append((page.page, page.text))
    found = {
        version.number: VersionText(
            number=version.number,
            filename=version.filename,
            reason=version.reason,
            uploaded_by=name,
            uploaded_at=version.uploaded_at,
            state=state,
            pages=tuple(texts[version.sha256]),
        )
        for version, name, state in rows
    }
    return [found[number] for number in numbers if number in found]
