"""A measure's result cited together with the file that proves it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.errors import DomainError
from portfolio.models import Citation, Dossier, DossierState, Evidence
from portfolio.policy import Actor
from portfolio.queries import figures as queries
from portfolio.queries.proven import proofs_of
from portfolio.services import figures
from portfolio.services.citations import Passage
from portfolio.services.figures import Typed
from portfolio.services.proofs import cite_result
from portfolio.storage import Storage
from rubric.loader import DEFAULT, find
from rubric.measures import MeasureResult
from tests.factories import NOW, actor_for, cite, make_dossier, make_evidence, make_staff

RUBRIC = find(DEFAULT)
WORDS = "教师培训经费占比 10.8 %，达到 ≥ 10 %"


@pytest.fixture
def dossier(session: Session) -> Dossier:
    return make_dossier(session)


@pytest.fixture
def teacher(session: Session, dossier: Dossier) -> Actor:
    return actor_for(session, make_staff(session, dossier.school).contributor)


@pytest.fixture
def accounts(session: Session, dossier: Dossier, storage: Storage, tmp_path: Path) -> Evidence:
    return make_evidence(session, dossier.school, storage, tmp_path, title="经费决算")


def count(session: Session, dossier: Dossier, teacher: Actor, **typed: str) -> None:
    """Enter figures of the last school year."""
    year = dossier.cycle.school_year
    entered = [Typed(figure, year, text, 0) for figure, text in typed.items()]
    figures.enter(session, actor=teacher, now=NOW, dossier=dossier, rubric=RUBRIC, typed=entered)


def prove(
    session: Session, dossier: Dossier, teacher: Actor, figure: str, file: Evidence, page: int | None
) -> None:
    """Name the file that proves a figure of the last school year."""
    figures.prove(
        session,
        actor=teacher,
        now=NOW,
        dossier=dossier,
        figure=figure,
        year=dossier.cycle.school_year,
        evidence_id=file.id,
        page=page,
    )


def training(session: Session, dossier: Dossier) -> MeasureResult:
    """The result of C38's measure."""
    session.flush()
    (result,) = queries.results_of(queries.figures_of(session, dossier), dossier, RUBRIC.element("C38"))
    return result


@pytest.fixture
def proven(session: Session, dossier: Dossier, teacher: Actor, accounts: Evidence) -> MeasureResult:
    """10.8 % of the funds went into training; the accounts prove both sums, on pages 2 and 5."""
    count(session, dossier, teacher, public_funds="1200000", training_spending="129600")
    prove(session, dossier, teacher, "training_spending", accounts, 5)
    prove(session, dossier, teacher, "public_funds", accounts, 2)
    return training(session, dossier)


def state(
    session: Session, dossier: Dossier, teacher: Actor, result: MeasureResult, file: Evidence
) -> tuple[Citation, Passage | None]:
    """Cite the result."""
    return cite_result(
        session,
        actor=teacher,
        now=NOW,
        dossier=dossier,
        element="C38",
        result=result,
        evidence_id=file.id,
        words=WORDS,
    )


def passages(session: Session) -> list[tuple[int | None, int | None, str]]:
    session.expire_all()
    return [(row.page_from, row.page_to, row.remark) for row in session.scalars(select(Citation))]


def test_the_proof_is_cited_from_its_first_to_its_last_page_with_the_result(
    session: Session, dossier: Dossier, teacher: Actor, accounts: Evidence, proven: MeasureResult
) -> None:
    citation, stood = state(session, dossier, teacher, proven, accounts)
    assert (citation.evidence_id, citation.element, stood) == (accounts.id, "C38", None)
    assert passages(session) == [(2, 5, WORDS)]


def test_a_file_that_is_cited_already_keeps_what_was_written_and_gains_page_and_result(
    session: Session, dossier: Dossier, teacher: Actor, accounts: Evidence, proven: MeasureResult
) -> None:
    citation = cite(session, dossier, "C38", accounts, page=7)
    citation.remark = "公开栏影像另存"
    session.flush()
    changed, stood = state(session, dossier, teacher, proven, accounts)
    assert changed.id == citation.id
    assert stood == Passage(7, None, "公开栏影像另存")
    assert passages(session) == [(2, 7, f"公开栏影像另存；{WORDS}")]


def test_citing_a_result_twice_says_it_once(
    session: Session, dossier: Dossier, teacher: Actor, accounts: Evidence, proven: MeasureResult
) -> None:
    for _ in range(2):
        state(session, dossier, teacher, proven, accounts)
    assert passages(session) == [(2, 5, WORDS)]
    (file,) = proofs_of(session, dossier, "C38", [proven])["training-share"].files
    assert file.states(WORDS) and not file.states("教师培训经费占比 11.2 %")


def test_another_file_than_the_proof_is_refused(
    session: Session,
    dossier: Dossier,
    teacher: Actor,
    proven: MeasureResult,
    storage: Storage,
    tmp_path: Path,
) -> None:
    other = make_evidence(session, dossier.school, storage, tmp_path, title="别的文件")
    with pytest.raises(DomainError, match="no_proof"):
        state(session, dossier, teacher, proven, other)
    assert passages(session) == []


def test_without_a_result_there_is_nothing_to_cite(
    session: Session, dossier: Dossier, teacher: Actor, accounts: Evidence
) -> None:
    count(session, dossier, teacher, public_funds="1200000")
    prove(session, dossier, teacher, "public_funds", accounts, 2)
    assert proofs_of(session, dossier, "C38", [training(session, dossier)]) == {}


def test_while_it_is_being_signed_nothing_is_cited(
    session: Session, dossier: Dossier, teacher: Actor, accounts: Evidence, proven: MeasureResult
) -> None:
    dossier.state, dossier.handed_over_at = DossierState.SIGNING, NOW
    session.flush()
    with pytest.raises(DomainError, match="awaiting_signature"):
        state(session, dossier, teacher, proven, accounts)


def test_a_remark_that_would_grow_too_long_is_refused_and_kept(
    session: Session, dossier: Dossier, teacher: Actor, accounts: Evidence, proven: MeasureResult
) -> None:
    citation = cite(session, dossier, "C38", accounts, page=2)
    citation.remark = "长" * 390
    session.flush()
    with pytest.raises(DomainError, match="text_too_long"):
        state(session, dossier, teacher, proven, accounts)
    assert passages(session) == [(2, None, "长" * 390)]
