"""A school's shelf for tests of the search: evidence whose files are read, and what a search finds there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sqlalchemy.orm import Session

from portfolio.models import Dossier, Evidence
from portfolio.queries import search
from portfolio.queries.library_filter import Filter
from portfolio.queries.problems import Yardstick
from portfolio.queries.search import Hits
from portfolio.storage import Storage
from tests.factories import make_evidence, read_pages


def shelve(
    session: Session, dossier: Dossier, storage: Storage, folder: Path, pages: dict[str, tuple[str, ...]]
) -> dict[str, Evidence]:
    """A piece of evidence for each title, its file read."""
    made = {}
    for title, texts in pages.items():
        made[title] = make_evidence(
            session, dossier.school, storage, folder, title=title, filename=f"{title}.pdf"
        )
        read_pages(session, made[title], *texts)
    return made


def yardstick(dossier: Dossier) -> Yardstick:
    return Yardstick(dossier.school_id, dossier.id, window_start=2024)


def found(session: Session, dossier: Dossier, q: str, **chosen: object) -> Hits:
    return search.find(session, yardstick=yardstick(dossier), chosen=replace(Filter(q=q), **chosen))  # type: ignore[arg-type]


def titles(hits: Hits) -> list[str]:
    return [hit.name for hit in hits.hits]
