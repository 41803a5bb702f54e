"""What the pages that keep order ask of the store: problems, the trash, versions' texts, the catalogue."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from portfolio.models import Derivation, DerivationState, Dossier, Evidence, EvidenceVersion, PageText
from portfolio.queries.catalogue import catalogue
from portfolio.queries.library import library_page
from portfolio.queries.library_filter import Filter
from portfolio.queries.problems import Problem
from portfolio.queries.trash import trash_page
from portfolio.queries.versions import version_names, version_texts
from portfolio.services import evidence, trash
from portfolio.services.evidence import StoredFile
from portfolio.storage import Storage
from tests.counting import statements
from tests.factories import NOW, actor_for, cite, make_dossier, make_evidence, make_school, make_user


@pytest.fixture
def dossier(session: Session) -> Dossier:
    return make_dossier(session)


def digest_of(session: Session, piece: Evidence) -> str:
    return session.scalars(
        select(EvidenceVersion.sha256).where(EvidenceVersion.evidence_id == piece.id)
    ).one()


def read(session: Session, piece: Evidence, state: DerivationState, failure: str | None = None) -> str:
    digest = digest_of(session, piece)
    session.merge(
        Derivation(school_id=piece.school_id, sha256=digest, state=state, failure=failure, requested_at=NOW)
    )
    session.flush()
    return digest


def test_problems_are_told_apart_and_another_school_s_count_for_nothing(
    session: Session, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    def make(title: str, years: tuple[int, ...] = (2025,)) -> Evidence:
        return make_evidence(session, dossier.school, storage, tmp_path, title=title, years=years)

    locked, broken, old, vague = make("锁"), make("坏"), make("旧", (2019, 2022)), make("空", ())
    theirs = make_evidence(session, make_school(session), storage, tmp_path)
    read(session, locked, DerivationState.FAILED, "encrypted")
    read(session, broken, DerivationState.FAILED, "timed_out")
    read(session, theirs, DerivationState.FAILED, "encrypted")
    for piece in (locked, broken, old):
        cite(session, dossier, "C3", piece)
    vague.date = None
    session.flush()
    shown = library_page(
        session, school_id=dossier.school_id, dossier_id=dossier.id, window_start=2024, chosen=Filter()
    )
    assert {row.title: row.problems for row in shown.rows} == {
        "锁": (Problem.ENCRYPTED,),
        "坏": (Problem.UNREADABLE,),
        "旧": (Problem.OLD,),
        "空": (Problem.NO_YEAR, Problem.NO_DATE, Problem.UNCITED),
    }
    assert shown.facets.problems == {problem: 1 for row in shown.rows for problem in row.problems}
    chosen = Filter(problem=Problem.OLD)
    only = library_page(
        session, school_id=dossier.school_id, dossier_id=dossier.id, window_start=2024, chosen=chosen
    )
    assert [row.title for row in only.rows] == ["旧"]
    assert (only.facets.found, only.facets.total) == (1, 4)
    assert only.facets.problems == shown.facets.problems
    earlier = library_page(
        session, school_id=dossier.school_id, dossier_id=dossier.id, window_start=2022, chosen=Filter()
    )
    assert Problem.OLD not in earlier.facets.problems, "2022 lies in that window"


def test_what_is_stored_counts_each_school_s_bytes_once(
    session: Session, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    make_evidence(session, dossier.school, storage, tmp_path, content=b"a" * 1000)
    make_evidence(session, dossier.school, storage, tmp_path, content=b"a" * 1000)
    make_evidence(session, make_school(session), storage, tmp_path, content=b"b" * 5000)
    shown = library_page(
        session, school_id=dossier.school_id, dossier_id=dossier.id, window_start=2024, chosen=Filter()
    )
    assert (shown.facets.versions, shown.facets.stored, shown.facets.trashed) == (2, 1000, 0)


def test_the_trash_names_who_threw_a_piece_away_the_last_time(
    session: Session, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    piece = make_evidence(session, dossier.school, storage, tmp_path, title="草稿")
    first, last = (actor_for(session, make_user(session, name=name)) for name in ("王敏", "李娟"))
    trash.trash_evidence(session, actor=first, now=NOW, evidence_id=piece.id)
    trash.restore_evidence(session, actor=last, now=NOW, evidence_id=piece.id)
    trash.trash_evidence(session, actor=last, now=NOW, evidence_id=piece.id)
    (row,) = trash_page(session, school_id=dossier.school_id)
    assert (row.title, row.by, row.trashed_at) == ("草稿", "李娟", NOW)
    assert row.days_left(NOW + timedelta(days=29, hours=1), trash.KEPT) == 0
    assert trash_page(session, school_id=make_school(session).id) == ()


def test_versions_come_with_their_texts_in_the_order_asked_for(
    session: Session, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    piece = make_evidence(session, dossier.school, storage, tmp_path)
    digest = read(session, piece, DerivationState.DONE)
    session.add_all(
        PageText(school_id=piece.school_id, sha256=digest, page=page, text=f"第{page}页") for page in (2, 1)
    )
    evidence.add_version(
        session,
        actor=actor_for(session, make_user(session, name="王敏")),
        now=NOW,
        evidence_id=piece.id,
        school_id=piece.school_id,
        file=StoredFile("新.pdf", "c" * 64, 10, "application/pdf", "local"),
        reason="修订",
    )
    assert [name.number for name in version_names(session, evidence_id=piece.id)] == [1, 2]
    new, old = version_texts(session, evidence_id=piece.id, numbers=(2, 1))
    assert (new.number, new.has_text, new.uploaded_by, new.reason) == (2, False, "王敏", "修订")
    assert (old.number, old.pages, old.state) == (1, ((1, "第1页"), (2, "第2页")), DerivationState.DONE)


def test_the_catalogue_follows_the_rubric_in_two_statements(
    engine: Engine, session: Session, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    minutes = make_evidence(session, dossier.school, storage, tmp_path, title="纪要", years=(2025, 2024))
    make_evidence(session, dossier.school, storage, tmp_path, title="未引")
    for code in ("C14", "C2"):
        cite(session, dossier, code, minutes, page=3)
    catalogue(session, dossier)  # the rubric is read once
    with statements(engine) as seen:
        found = catalogue(session, dossier)
    assert len(seen) == 2
    lines = [entry for each in found.indicators for group in each.elements for entry in group.entries]
    assert [line.number.rsplit("-", 2)[1] for line in lines] == ["C2", "C14"]
    assert {(line.title, line.years, line.page_from, line.version) for line in lines} == {
        ("纪要", (2024, 2025), 3, 1)
    }
    assert (found.entries, found.pieces) == (2, 1)
