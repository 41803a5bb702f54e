"""Basic figures: read as typed, kept exactly, refused in words, and held against the rubric."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.errors import DomainError, NotFound, Refused, StaleWrite
from portfolio.models import AuditEvent, Dossier, DossierState, FigureValue
from portfolio.policy import Actor
from portfolio.queries import figures as queries
from portfolio.queries.standing import standing
from portfolio.services import figures, trash
from portfolio.services.figures import Typed
from portfolio.storage import Storage
from rubric.loader import DEFAULT, find
from rubric.measures import Verdict
from tests.factories import NOW, actor_for, cite, make_dossier, make_evidence, make_school, make_staff

RUBRIC = find(DEFAULT)
YEAR = 2026


@pytest.fixture
def dossier(session: Session) -> Dossier:
    dossier = make_dossier(session)
    assert dossier.cycle.school_year == YEAR
    return dossier


@pytest.fixture
def teacher(session: Session, dossier: Dossier) -> Actor:
    return actor_for(session, make_staff(session, dossier.school).contributor)


def enter(
    session: Session,
    dossier: Dossier,
    teacher: Actor,
    typed: dict[str, str] | None = None,
    *,
    version: int = 0,
    year: int = YEAR,
    **more: str,
) -> dict[str, int]:
    """Enter figures as typed, all based on the same version."""
    return figures.enter(
        session,
        actor=teacher,
        now=NOW,
        dossier=dossier,
        rubric=RUBRIC,
        typed=[Typed(figure, year, text, version) for figure, text in ((typed or {}) | more).items()],
    )


def stands(session: Session, dossier: Dossier, figure: str, year: int = YEAR) -> Decimal | None:
    return queries.entries(session, dossier.id)[figure, year].value


@pytest.mark.parametrize(
    ("figure", "typed", "value"),
    [
        ("pupils", "1203", "1203"),
        ("pupils", "１，２０３", "1203"),
        ("pupils", "1,203人", "1203"),
        ("public_funds", "1,234,567.80 元", "1234567.8"),
        ("public_funds", "123456789012.01", "123456789012.01"),
        ("sports_area", "10.20", "10.2"),
        ("talks_first_term", "0", "0"),
    ],
)
def test_a_figure_is_read_right_and_kept_exactly(
    session: Session, dossier: Dossier, teacher: Actor, figure: str, typed: str, value: str
) -> None:
    assert enter(session, dossier, teacher, {figure: typed}) == {f"{figure}-{YEAR}": 1}
    session.expire_all()
    assert str(stands(session, dossier, figure)) == value


@pytest.mark.parametrize(
    ("figure", "typed", "code"),
    [
        ("pupils", "-5", "figure_negative"),
        ("pupils", "一千二", "figure_not_a_number"),
        ("pupils", "1.5", "figure_decimals"),
        ("pupils", "1203 套", "figure_unit"),
        ("public_funds", "120万元", "figure_unit"),
        ("pupils", "12,03", "figure_not_a_number"),
        ("pupils", "1e3", "figure_not_a_number"),
        ("pupils", "9" * 13, "figure_too_large"),
        ("pupils", "9" * 61, "figure_not_a_number"),
    ],
)
def test_what_is_no_such_figure_is_refused_beside_its_field(
    session: Session, dossier: Dossier, teacher: Actor, figure: str, typed: str, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        enter(session, dossier, teacher, {figure: typed})
    assert {field: error.code for field, error in refused.value.errors.items()} == {f"{figure}-{YEAR}": code}
    assert session.scalars(select(FigureValue)).all() == []


def test_more_teachers_than_pupils_is_refused_from_both_sides(
    session: Session, dossier: Dossier, teacher: Actor
) -> None:
    enter(session, dossier, teacher, pupils="1203", teachers="88")
    with pytest.raises(Refused) as above:
        enter(session, dossier, teacher, version=1, teachers="1204")
    with pytest.raises(Refused) as below:
        enter(session, dossier, teacher, version=1, pupils="87")
    assert {field: error.code for field, error in above.value.errors.items()} == {
        "teachers-2026": "figure_above"
    }
    error = below.value.errors["pupils-2026"]
    assert (error.code, error.context["least"]) == ("figure_below", "88")
    assert (stands(session, dossier, "teachers"), stands(session, dossier, "pupils")) == (
        Decimal(88),
        Decimal(1203),
    )


def test_a_part_is_held_against_its_whole_of_the_same_year_only(
    session: Session, dossier: Dossier, teacher: Actor
) -> None:
    enter(session, dossier, teacher, year=2024, fitness_due="900")
    enter(session, dossier, teacher, year=2025, fitness_due="1000")
    assert enter(session, dossier, teacher, year=2025, fitness_tested="950")
    with pytest.raises(Refused):
        enter(session, dossier, teacher, year=2024, fitness_tested="950")


def test_all_of_a_form_is_saved_or_none(session: Session, dossier: Dossier, teacher: Actor) -> None:
    with pytest.raises(Refused) as refused:
        enter(session, dossier, teacher, pupils="1203", computers="-1", test_sets="两")
    assert set(refused.value.errors) == {"computers-2026", "test_sets-2026"}
    assert session.scalars(select(FigureValue)).all() == []


def test_a_stale_save_is_refused_with_what_stands(session: Session, dossier: Dossier, teacher: Actor) -> None:
    enter(session, dossier, teacher, pupils="1203")
    with pytest.raises(StaleWrite) as stale:
        enter(session, dossier, teacher, pupils="1300")
    assert isinstance(stale.value.current, list)
    (entry,) = stale.value.current
    assert (entry.value, entry.version, entry.saved_by) == (Decimal(1203), 1, teacher.name)
    assert stands(session, dossier, "pupils") == 1203


def test_what_did_not_change_is_not_written_and_never_stale(
    session: Session, dossier: Dossier, teacher: Actor
) -> None:
    enter(session, dossier, teacher, pupils="1203")
    assert enter(session, dossier, teacher, pupils="1,203 人") == {"pupils-2026": 1}
    assert len(session.scalars(select(AuditEvent).where(AuditEvent.action == "figure:entered")).all()) == 1


def test_a_figure_taken_back_stays_taken_back(session: Session, dossier: Dossier, teacher: Actor) -> None:
    enter(session, dossier, teacher, pupils="1203")
    assert enter(session, dossier, teacher, version=1, pupils=" ") == {"pupils-2026": 2}
    assert stands(session, dossier, "pupils") is None
    with pytest.raises(StaleWrite):
        enter(session, dossier, teacher, version=1, pupils="1204")
    event = session.scalars(
        select(AuditEvent).where(AuditEvent.action == "figure:entered").order_by(AuditEvent.id.desc())
    ).first()
    assert event is not None
    assert (event.before, event.after) == (
        {"value": "1203"},
        {"figure": "pupils", "year": 2026, "value": None},
    )


@pytest.mark.parametrize(("figure", "year"), [("pupils", 2025), ("planets", YEAR), ("eyesight", 2023)])
def test_only_what_is_asked_for_can_be_entered(
    session: Session, dossier: Dossier, teacher: Actor, figure: str, year: int
) -> None:
    with pytest.raises(NotFound):
        enter(session, dossier, teacher, {figure: "1"}, year=year)


def test_figures_stand_still_while_the_principal_signs(
    session: Session, dossier: Dossier, teacher: Actor
) -> None:
    dossier.state, dossier.handed_over_at = DossierState.SIGNING, NOW
    session.flush()
    with pytest.raises(DomainError, match="awaiting_signature"):
        enter(session, dossier, teacher, pupils="1203")


def test_a_series_is_asked_for_three_school_years_and_the_rest_for_the_last(dossier: Dossier) -> None:
    asked = queries.asked_years(RUBRIC, dossier)
    assert asked["fitness_tested"] == asked["eyesight"] == (2026, 2025, 2024)
    assert asked["pupils"] == (2026,)


def test_the_sheet_shows_what_is_met_what_is_not_and_what_is_missing(
    session: Session, dossier: Dossier, teacher: Actor
) -> None:
    enter(session, dossier, teacher, public_funds="1200000", training_spending="90000", teachers="100")
    enter(session, dossier, teacher, qualified_teachers="100")
    sheet = queries.sheet(session, dossier)
    (training,) = sheet.results["C38"]
    qualified, backbone = sheet.results["C46"]
    assert (training.verdict, training.shown(YEAR)) == (Verdict.UNMET, Decimal("7.50"))
    assert (qualified.verdict, backbone.verdict) == (Verdict.MET, Verdict.NOT_ENOUGH_DATA)
    assert backbone.missing == (("backbone_teachers", YEAR),)
    known = standing(session, dossier, now=NOW).figures
    assert queries.results_of(known, dossier, RUBRIC.element("C38")) == [training]


def test_boarders_measures_do_not_apply_to_a_day_school_unasked(session: Session, dossier: Dossier) -> None:
    (space,) = queries.sheet(session, dossier).results["C64"]
    assert space.verdict is Verdict.NOT_APPLICABLE
    dossier.school.boarding = True
    (space,) = queries.sheet(session, dossier).results["C64"]
    assert space.verdict is Verdict.NOT_ENOUGH_DATA


def test_each_figure_stands_once_under_its_topic_with_the_elements_it_feeds(
    session: Session, dossier: Dossier
) -> None:
    sheet = queries.sheet(session, dossier)
    codes = [row.figure.code for topic in sheet.topics for row in topic.rows]
    assert sorted(codes) == sorted(figure.code for figure in RUBRIC.figures)
    assert sheet.topics[0].indicator is None
    assert [row.figure.code for row in sheet.topics[0].rows] == ["pupils", "teachers"]
    lent = queries.row_of(sheet, "books_lent")
    assert lent is not None
    assert [element.code for element in lent.feeds] == ["C67"]


def test_a_figure_is_proved_by_evidence_of_the_same_school(
    session: Session, dossier: Dossier, teacher: Actor, storage: Storage, tmp_path: Path
) -> None:
    evidence = make_evidence(session, dossier.school, storage, tmp_path, title="经费决算")
    foreign = make_evidence(session, make_school(session), storage, tmp_path)
    cite(session, dossier, "C38", evidence, page=2)

    def prove(evidence_id: int | None, page: int | None = None) -> None:
        figures.prove(
            session,
            actor=teacher,
            now=NOW,
            dossier=dossier,
            figure="public_funds",
            year=YEAR,
            evidence_id=evidence_id,
            page=page,
        )

    with pytest.raises(DomainError, match="figure_missing"):
        prove(evidence.id)
    enter(session, dossier, teacher, public_funds="1200000")
    prove(evidence.id, 2)
    proof = queries.entries(session, dossier.id)["public_funds", YEAR].proof
    assert proof is not None and (proof.title, proof.page) == ("经费决算", 2)
    with pytest.raises(NotFound):
        prove(foreign.id)
    with pytest.raises(DomainError, match="page_malformed"):
        prove(evidence.id, 0)
    prove(None)
    assert queries.entries(session, dossier.id)["public_funds", YEAR].proof is None


def test_what_is_cited_where_a_figure_is_used_is_offered_as_its_proof(
    session: Session, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    used = make_evidence(session, dossier.school, storage, tmp_path, title="经费决算")
    other = make_evidence(session, dossier.school, storage, tmp_path, title="社团方案")
    cite(session, dossier, "C38", used, page=2)
    cite(session, dossier, "C53", other)
    row = queries.row_of(queries.sheet(session, dossier), "public_funds")
    assert row is not None
    assert [(offer.title, offer.page) for offer in queries.offers(session, dossier, row)] == [("经费决算", 2)]


def test_the_proof_of_a_figure_stays_out_of_the_trash(
    session: Session, dossier: Dossier, teacher: Actor, storage: Storage, tmp_path: Path
) -> None:
    evidence = make_evidence(session, dossier.school, storage, tmp_path)
    enter(session, dossier, teacher, pupils="1203")

    def prove(evidence_id: int | None) -> None:
        figures.prove(
            session, actor=teacher, now=NOW, dossier=dossier, figure="pupils", year=YEAR,
            evidence_id=evidence_id, page=1,
        )  # fmt: skip
        session.flush()

    prove(evidence.id)
    with pytest.raises(DomainError, match="evidence_proves"):
        trash.trash_evidence(session, actor=teacher, now=NOW, evidence_id=evidence.id)
    prove(None)
    trash.trash_evidence(session, actor=teacher, now=NOW, evidence_id=evidence.id)
    with pytest.raises(NotFound):
        prove(evidence.id)
