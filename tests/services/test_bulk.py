"""One change to many pieces: each is checked by itself, and nothing is learned of what is another school's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.errors import DomainError
from portfolio.models import AuditEvent, Citation, Dossier, DossierState, Evidence, EvidenceKind
from portfolio.policy import Actor
from portfolio.queries.evidence import sheet
from portfolio.services import bulk
from portfolio.storage import Storage
from tests.factories import NOW, actor_for, cite, make_dossier, make_evidence, make_school, make_user
from tests.package_factory import make_package

Make = Callable[..., Evidence]


@pytest.fixture
def actor(session: Session) -> Actor:
    return actor_for(session, make_user(session))


@pytest.fixture
def dossier(session: Session) -> Dossier:
    return make_dossier(session)


@pytest.fixture
def make(session: Session, dossier: Dossier, storage: Storage, tmp_path: Path) -> Make:
    """Makes evidence of the dossier's school, or of another."""

    def made(**said: object) -> Evidence:
        school = said.pop("school", dossier.school)
        return make_evidence(session, school, storage, tmp_path, **said)  # type: ignore[arg-type]

    return made


@pytest.fixture
def change(session: Session, actor: Actor, dossier: Dossier) -> Callable[..., bulk.Outcome]:
    def changed(change: bulk.Change, *pieces: Evidence | int) -> bulk.Outcome:
        ids = [piece if isinstance(piece, int) else piece.id for piece in pieces]
        return bulk.change_many(
            session, actor=actor, now=NOW, school_id=dossier.school_id, ids=ids, change=change
        )

    return changed


def told(outcome: bulk.Outcome) -> list[tuple[str | None, str]]:
    return [(refusal.title, refusal.reason.code) for refusal in outcome.refused]


def test_all_get_the_kind_and_those_that_have_it_are_left_alone(
    session: Session, make: Make, change: Callable[..., bulk.Outcome]
) -> None:
    minutes, plan = make(), make(kind=EvidenceKind.PLAN)
    outcome = change(bulk.SetKind(EvidenceKind.PLAN), minutes, plan)
    assert (outcome.changed, outcome.unchanged, outcome.refused) == ((minutes.id,), (plan.id,), ())
    assert {minutes.kind, plan.kind} == {EvidenceKind.PLAN}
    assert outcome.undo == bulk.SetKind(EvidenceKind.MINUTES)
    assert session.scalars(select(AuditEvent.subject_id).order_by(AuditEvent.id.desc()).limit(1)).one() == (
        minutes.id
    )


def test_kinds_that_differed_can_t_be_taken_back_in_one_step(
    make: Make, change: Callable[..., bulk.Outcome]
) -> None:
    outcome = change(bulk.SetKind(EvidenceKind.PLAN), make(), make(kind=EvidenceKind.PHOTO))
    assert (len(outcome.changed), outcome.undo) == (2, None)


def test_a_year_comes_and_its_undo_takes_it_only_from_those_that_got_it(
    session: Session, make: Make, change: Callable[..., bulk.Outcome]
) -> None:
    without, with_it = make(years=(2025,)), make(years=(2023,))
    outcome = change(bulk.AddYear(2023), without, with_it)
    assert sheet(session, evidence_id=without.id).years == {2023, 2025}
    assert outcome.undo is not None
    change(outcome.undo, *outcome.changed)
    assert sheet(session, evidence_id=without.id).years == {2025}
    assert sheet(session, evidence_id=with_it.id).years == {2023}


def test_an_impossible_year_is_refused_for_each(make: Make, change: Callable[..., bulk.Outcome]) -> None:
    assert told(change(bulk.AddYear(1066), make(title="甲"))) == [("甲", "year_malformed")]


def test_citing_takes_what_it_can_and_says_what_was_cited_already(
    session: Session, dossier: Dossier, make: Make, change: Callable[..., bulk.Outcome]
) -> None:
    new, cited = make(title="新"), make(title="旧")
    cite(session, dossier, "C14", cited, page=3)
    outcome = change(bulk.Cite(dossier.id, "C14"), new, cited)
    assert (outcome.changed, told(outcome)) == ((new.id,), [("旧", "already_cited")])
    assert outcome.undo is not None
    change(outcome.undo, *outcome.changed)
    assert session.scalars(select(Citation.evidence_id)).all() == [cited.id]


def test_uncited_is_only_what_was_cited_there(
    session: Session, dossier: Dossier, make: Make, change: Callable[..., bulk.Outcome]
) -> None:
    here, elsewhere = make(title="此"), make(title="彼")
    cite(session, dossier, "C14", here)
    cite(session, dossier, "C3", elsewhere)
    outcome = change(bulk.Uncite(dossier.id, "C14"), here, elsewhere)
    assert (outcome.changed, told(outcome)) == ((here.id,), [("彼", "not_cited")])
    assert outcome.undo is None, "its page and remark would be lost"
    assert session.scalars(select(Citation.element)).all() == ["C3"]


def test_the_trash_takes_what_nothing_rests_on_and_gives_it_back(
    session: Session, dossier: Dossier, make: Make, change: Callable[..., bulk.Outcome]
) -> None:
    free, cited, held = make(title="闲"), make(title="引"), make(title="存")
    citation = cite(session, dossier, "C1", held)
    make_package(session, dossier)
    session.delete(citation)
    cite(session, dossier, "C2", cited)
    outcome = change(bulk.Trash(), free, cited, held)
    assert outcome.changed == (free.id,)
    assert sorted(told(outcome)) == sorted([("引", "evidence_cited"), ("存", "evidence_in_package")])
    assert (free.trashed_at, cited.trashed_at, held.trashed_at) == (NOW, None, None)
    assert told(change(bulk.SetKind(EvidenceKind.PLAN), free)) == [("闲", "evidence_trashed")]
    assert outcome.undo is not None
    change(outcome.undo, *outcome.changed)
    assert free.trashed_at is None


def test_under_the_principal_s_pen_each_is_refused(
    session: Session, dossier: Dossier, make: Make, change: Callable[..., bulk.Outcome]
) -> None:
    dossier.state, dossier.handed_over_at = DossierState.SIGNING, NOW
    session.flush()
    outcome = change(bulk.Cite(dossier.id, "C1"), make(title="甲"), make(title="乙"))
    assert (outcome.changed, {code for _title, code in told(outcome)}) == ((), {"awaiting_signature"})


def test_what_is_another_school_s_is_answered_like_what_is_nowhere(
    session: Session, make: Make, change: Callable[..., bulk.Outcome]
) -> None:
    theirs = make(school=make_school(session), title="别校的秘密")
    ours = make()
    outcome = change(bulk.SetKind(EvidenceKind.PLAN), theirs, 12345, ours)
    assert outcome.changed == (ours.id,)
    assert told(outcome) == [(None, "not_found"), (None, "not_found")]
    assert theirs.kind is EvidenceKind.MINUTES


def test_none_and_too_many_are_refused_as_a_whole(change: Callable[..., bulk.Outcome]) -> None:
    with pytest.raises(DomainError, match="pieces_missing"):
        change(bulk.Trash())
    with pytest.raises(DomainError, match="pieces_many"):
        change(bulk.Trash(), *range(1, bulk.MOST + 2))
