"""The trash: what may go there, what may be done with it, how it is taken back and emptied."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from portfolio.db import begin_write, make_sessions
from portfolio.errors import DomainError, NotFound
from portfolio.models import AuditEvent, Citation, Dossier, Evidence, EvidenceKind, EvidenceVersion
from portfolio.policy import Actor
from portfolio.queries.evidence import sheet
from portfolio.queries.library import library_page, picks
from portfolio.queries.library_filter import Filter
from portfolio.queries.problems import Yardstick
from portfolio.queries.standing import standing
from portfolio.services import citations, evidence, trash
from portfolio.services.evidence import Description, StoredFile
from portfolio.storage import Storage
from tests.factories import NOW, actor_for, cite, make_dossier, make_evidence, make_user
from tests.package_factory import make_package

PATIENCE = 20  # seconds


@pytest.fixture
def actor(session: Session) -> Actor:
    return actor_for(session, make_user(session, name="王敏"))


@pytest.fixture
def dossier(session: Session) -> Dossier:
    return make_dossier(session)


@pytest.fixture
def plan(session: Session, dossier: Dossier, storage: Storage, tmp_path: Path) -> Evidence:
    return make_evidence(session, dossier.school, storage, tmp_path, title="德育计划")


def throw(session: Session, actor: Actor, piece: Evidence) -> None:
    trash.trash_evidence(session, actor=actor, now=NOW, evidence_id=piece.id)


def actions(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


def test_what_is_thrown_away_keeps_its_files_and_can_be_taken_back(
    session: Session, actor: Actor, plan: Evidence
) -> None:
    throw(session, actor, plan)
    assert plan.trashed_at == NOW
    assert len(sheet(session, evidence_id=plan.id).versions) == 1
    trash.restore_evidence(session, actor=actor, now=NOW, evidence_id=plan.id)
    assert plan.trashed_at is None
    assert actions(session)[-2:] == ["evidence:trashed", "evidence:restored"]


def test_cited_evidence_stays_and_the_elements_are_named(
    session: Session, actor: Actor, dossier: Dossier, plan: Evidence
) -> None:
    for code in ("C14", "C3"):
        cite(session, dossier, code, plan)
    with pytest.raises(DomainError) as refused:
        throw(session, actor, plan)
    assert (refused.value.code, refused.value.context) == ("evidence_cited", {"elements": "C3, C14"})
    assert plan.trashed_at is None


def test_evidence_in_a_package_stays_also_when_no_longer_cited(
    session: Session, actor: Actor, dossier: Dossier, plan: Evidence
) -> None:
    made = cite(session, dossier, "C1", plan)
    package = make_package(session, dossier)
    citations.uncite(session, actor=actor, now=NOW, citation=made)
    with pytest.raises(DomainError) as refused:
        throw(session, actor, plan)
    assert (refused.value.code, refused.value.context) == ("evidence_in_package", {"packages": "1"})
    assert sheet(session, evidence_id=plan.id).packages == ((package.id, 1),)


@pytest.mark.parametrize("again", ["throw", "restore"])
def test_what_has_happened_already_is_refused(
    session: Session, actor: Actor, plan: Evidence, again: str
) -> None:
    if again == "throw":
        throw(session, actor, plan)
        with pytest.raises(DomainError, match="evidence_trashed"):
            throw(session, actor, plan)
    else:
        with pytest.raises(DomainError, match="evidence_not_trashed"):
            trash.restore_evidence(session, actor=actor, now=NOW, evidence_id=plan.id)


def test_what_is_not_there_can_t_be_thrown_away(session: Session, actor: Actor) -> None:
    with pytest.raises(NotFound):
        trash.trash_evidence(session, actor=actor, now=NOW, evidence_id=1)


def test_what_lies_in_the_trash_is_neither_cited_nor_described_nor_replaced(
    session: Session, actor: Actor, dossier: Dossier, plan: Evidence
) -> None:
    throw(session, actor, plan)
    with pytest.raises(DomainError, match="evidence_trashed"):
        citations.cite(
            session, actor=actor, now=NOW, dossier_id=dossier.id, element="C1", evidence_id=plan.id
        )
    said = Description("新名", EvidenceKind.PLAN)
    with pytest.raises(DomainError, match="evidence_trashed"):
        evidence.describe(
            session, actor=actor, now=NOW, evidence=plan, description=said, version=plan.version
        )
    with pytest.raises(DomainError, match="evidence_trashed"):
        evidence.add_version(
            session,
            actor=actor,
            now=NOW,
            evidence_id=plan.id,
            school_id=dossier.school_id,
            file=StoredFile("新.pdf", "c" * 64, 10, "application/pdf", "local"),
            reason="",
        )
    assert session.scalar(select(func.count()).select_from(EvidenceVersion)) == 1


def test_the_trash_is_out_of_the_library_its_counts_the_picker_and_the_gaps(
    session: Session, actor: Actor, dossier: Dossier, plan: Evidence
) -> None:
    throw(session, actor, plan)
    shown = library_page(
        session, school_id=dossier.school_id, dossier_id=dossier.id, window_start=2024, chosen=Filter()
    )
    facets = shown.facets
    assert shown.rows == ()
    assert (facets.total, facets.found, facets.cited, facets.kinds, facets.years, facets.problems) == (
        0,
        0,
        {"cited": 0, "uncited": 0},
        {},
        {},
        {},
    )
    assert (facets.trashed, facets.versions) == (1, 1)
    assert picks(session, yardstick=Yardstick(dossier.school_id, dossier.id, 2024), element="C1") == ()
    gaps = standing(session, dossier, now=NOW).readiness.gaps
    assert [gap for gap in gaps if gap.element is None] == []


def test_after_thirty_days_it_goes_for_good_and_is_on_the_trail(
    session: Session, actor: Actor, dossier: Dossier, plan: Evidence, storage: Storage, tmp_path: Path
) -> None:
    kept = make_evidence(session, dossier.school, storage, tmp_path)
    fresh = make_evidence(session, dossier.school, storage, tmp_path)
    throw(session, actor, plan)
    trash.trash_evidence(session, actor=actor, now=NOW + timedelta(days=2), evidence_id=fresh.id)
    assert trash.empty_trash(session, now=NOW + timedelta(days=29, hours=23)) == 0
    assert trash.empty_trash(session, now=NOW + timedelta(days=30)) == 1
    assert set(session.scalars(select(Evidence.id))) == {kept.id, fresh.id}
    assert session.scalar(select(func.count()).select_from(EvidenceVersion)) == 2
    event = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert (event.action, event.actor_id, event.school_id) == ("evidence:deleted", None, dossier.school_id)
    assert event.before
    assert event.before["title"] == "德育计划"


@pytest.mark.parametrize("first", ["cite", "throw"])
def test_of_two_who_cite_and_throw_away_at_once_one_wins(
    engine: Engine, session: Session, actor: Actor, dossier: Dossier, plan: Evidence, first: str
) -> None:
    session.commit()

    def citing(on: Session) -> None:
        citations.cite(on, actor=actor, now=NOW, dossier_id=dossier.id, element="C1", evidence_id=plan.id)

    def throwing(on: Session) -> None:
        trash.trash_evidence(on, actor=actor, now=NOW, evidence_id=plan.id)

    before, after = (citing, throwing) if first == "cite" else (throwing, citing)
    refusals: list[str] = []

    def come_second() -> None:
        with make_sessions(engine)() as other:
            begin_write(other)
            try:
                after(other)
                other.commit()
            except DomainError as error:
                refusals.append(error.code)

    begin_write(session)
    before(session)
    second = threading.Thread(target=come_second)
    second.start()
    second.join(0.3)
    assert second.is_alive(), "the second waits for the first"
    session.commit()
    second.join(PATIENCE)
    assert refusals == ["evidence_cited" if first == "cite" else "evidence_trashed"]
    session.expire_all()
    cited = session.scalar(select(func.count()).select_from(Citation))
    assert (cited, session.get_one(Evidence, plan.id).trashed_at is None) == (
        (1, True) if first == "cite" else (0, False)
    )
