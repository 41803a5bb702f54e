"""Files that nothing cites, and what suggestions for them rest on: their text, and what like files were cited for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, union
from sqlalchemy.orm import Session

from portfolio.models import (
    Citation,
    Cycle,
    Dossier,
    Evidence,
    Package,
    PackageCitation,
    PackageFile,
    PageText,
)
from portfolio.queries.library import Files, newest_files
from portfolio.queries.problems import Problem, Yardstick, condition

PAGE = 25  # files
_TEXT_PAGES = 3  # of a file; the first ones tell what it is
_TEXT_OF_A_PAGE = 1500  # characters
_ORDER = (Evidence.path, Evidence.title, Evidence.id)  # those of one folder together


@dataclass(frozen=True, slots=True)
class Uncited:
    """A file that no element of the dossier cites; `path`: where it stood where it came from, else its name."""

    id: int
    title: str
    path: str
    sha256: str
    media_type: str
    number: int

    @property
    def folder(self) -> str:
        """The folders it stood in, empty where it stood in none."""
        return self.path.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class UncitedPage:
    """One page of the files that nothing cites, and how many there are in all."""

    files: tuple[Uncited, ...]
    total: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-self.total // PAGE))


def uncited_page(session: Session, *, school_id: int, dossier_id: int, page: int) -> UncitedPage:
    """A page of them, those of one folder together, in two statements."""
    wanted = _conditions(school_id, dossier_id)
    total = session.scalar(select(func.count()).select_from(Evidence).where(*wanted)) or 0
    shown = min(max(page, 1), max(1, -(-total // PAGE)))
    statement = newest_files().where(*wanted).order_by(*_ORDER).limit(PAGE).offset((shown - 1) * PAGE)
    return UncitedPage(_files(session, statement), total, shown)


def all_uncited(session: Session, *, school_id: int, dossier_id: int) -> tuple[Uncited, ...]:
    """All of them in the same order, in one statement."""
    statement = newest_files().where(*_conditions(school_id, dossier_id)).order_by(*_ORDER)
    return _files(session, statement)


def uncited_among(
    session: Session, *, school_id: int, dossier_id: int, ids: Collection[int]
) -> tuple[Uncited, ...]:
    """Those of these pieces that are the school's and that nothing cites, in one statement."""
    wanted = _conditions(school_id, dossier_id)
    return _files(session, newest_files().where(*wanted, Evidence.id.in_(ids)))


def first_texts(session: Session, *, school_id: int, digests: Collection[str]) -> dict[str, str]:
    """The beginning of each file's text, where it was read already, in one statement."""
    rows = session.execute(
        select(PageText.sha256, func.substr(PageText.text, 1, _TEXT_OF_A_PAGE))
        .where(
            PageText.school_id == school_id,
            PageText.sha256.in_(digests),
            PageText.page <= _TEXT_PAGES,
        )
        .order_by(PageText.sha256, PageText.page)
    )
    texts: dict[str, str] = {}
    for sha256, text in rows:
        texts[sha256] = f"{texts[sha256]}\n{text}" if sha256 in texts else text
    return texts


def cited_so_far(session: Session, *, school_id: int) -> list[tuple[str, str, str]]:
    """What this school cites, and what its packages cited: title, element, digest of the rubric's edition."""
    now = (
        select(Evidence.title, Citation.element, Cycle.rubric_digest)
        .join(Citation, Citation.evidence_id == Evidence.id)
        .join(Dossier, Dossier.id == Citation.dossier_id)
        .join(Cycle, Cycle.id == Dossier.cycle_id)
        .where(Evidence.school_id == school_id, Evidence.trashed_at.is_(None))
    )
    submitted = (
        select(PackageFile.title, PackageCitation.element, Cycle.rubric_digest)
        .join(
            PackageCitation,
            (PackageCitation.package_id == PackageFile.package_id)
            & (PackageCitation.evidence_version_id == PackageFile.evidence_version_id),
        )
        .join(Package, Package.id == PackageFile.package_id)
        .join(Dossier, Dossier.id == Package.dossier_id)
        .join(Cycle, Cycle.id == Dossier.cycle_id)
        .where(PackageFile.school_id == school_id)
    )
    return [(title, element, digest) for title, element, digest in session.execute(union(now, submitted))]


def _conditions(school_id: int, dossier_id: int) -> list[ColumnElement[bool]]:
    uncited = condition(Problem.UNCITED, Yardstick(school_id, dossier_id, 0))
    return [Evidence.school_id == school_id, Evidence.trashed_at.is_(None), uncited]


def _files(session: Session, statement: Files) -> tuple[Uncited, ...]:
    return tuple(
        Uncited(
            id=evidence.id,
            title=evidence.title,
            path=evidence.path or version.filename,
            sha256=version.sha256,
            media_type=media_type,
            number=version.number,
        )
        for evidence, version, media_type, *_ in session.execute(statement)
    )
