"""The report's introductions: saved over what they were based on, and over nothing else."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.errors import DomainError, StaleWrite
from portfolio.models import AuditEvent, Dossier, DossierState, Introduction
from portfolio.policy import Actor
from portfolio.queries import report as queries
from portfolio.services import reports
from portfolio.storage import Storage
from tests.counting import statements
from tests.factories import NOW, actor_for, cite, make_dossier, make_evidence, make_staff, score_all


@pytest.fixture
def dossier(session: Session) -> Dossier:
    return make_dossier(session)


@pytest.fixture
def actor(session: Session, dossier: Dossier) -> Actor:
    return actor_for(session, make_staff(session, dossier.school).lead)


def introduce(session: Session, actor: Actor, dossier: Dossier, text: str, version: int) -> int:
    return reports.introduce(
        session, actor=actor, now=NOW, dossier=dossier, indicator="A1", text=text, version=version
    )


def test_an_introduction_is_written_and_rewritten_and_the_trail_says_so(
    session: Session, actor: Actor, dossier: Dossier
) -> None:
    assert introduce(session, actor, dossier, "  党建引领。\r\n第二行 ", 0) == 1
    assert introduce(session, actor, dossier, "改过。", 1) == 2
    assert queries.introductions(session, dossier.id)["A1"].text == "改过。"
    trail = session.scalars(
        select(AuditEvent).where(AuditEvent.action == "introduction:written").order_by(AuditEvent.id)
    ).all()
    changes = [(event.before or {}, event.after or {}) for event in trail]
    assert sorted((before["text"], after["text"]) for before, after in changes) == [
        ("", "党建引领。\n第二行"),
        ("党建引领。\n第二行", "改过。"),
    ]


@pytest.mark.parametrize("version", [0, 1, 7])
def test_a_stale_write_is_refused_with_what_stands(
    session: Session, actor: Actor, dossier: Dossier, version: int
) -> None:
    introduce(session, actor, dossier, "第一稿", 0)
    introduce(session, actor, dossier, "第二稿", 1)
    with pytest.raises(StaleWrite) as refused:
        introduce(session, actor, dossier, "另一人的稿", version)
    assert isinstance(refused.value.current, Introduction)
    assert refused.value.current.text == "第二稿"


def test_a_text_that_is_too_long_is_refused(session: Session, actor: Actor, dossier: Dossier) -> None:
    with pytest.raises(DomainError) as refused:
        introduce(session, actor, dossier, "长" * 8001, 0)
    assert (refused.value.code, refused.value.field) == ("text_too_long", "A1")


def test_nothing_moves_while_the_principal_signs(session: Session, actor: Actor, dossier: Dossier) -> None:
    dossier.state, dossier.handed_over_at, dossier.handed_over_by = DossierState.SIGNING, NOW, actor.user_id
    session.flush()
    with pytest.raises(DomainError) as refused:
        introduce(session, actor, dossier, "迟到的话", 0)
    assert refused.value.code == "awaiting_signature"


def test_the_report_numbers_citations_as_the_catalogue_does_and_asks_little(
    session: Session, dossier: Dossier, storage: Storage, tmp_path: object
) -> None:
    score_all(session, dossier)
    for title in ("乙", "甲"):
        evidence = make_evidence(session, dossier.school, storage, tmp_path, title=title)  # type: ignore[arg-type]
        cite(session, dossier, "C5", evidence, page=3)
    with statements(session.get_bind()) as asked:  # type: ignore[arg-type]
        made = queries.report(session, dossier, at=NOW)
    assert len(asked) <= 5
    assert [cited.line for cited in made.elements["C5"].citations] == sorted(
        cited.line for cited in made.elements["C5"].citations
    )
    assert {cited.number for cited in made.elements["C5"].citations} == {"A2-B2-C5-1", "A2-B2-C5-2"}
    assert {gap.matter for gap in made.gaps if gap.element == "C1"} == {"无据"}
