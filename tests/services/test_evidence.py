"""Evidence and citations: described, replaced, cited, deleted only where nothing rests on it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from portfolio.db import begin_write, make_sessions
from portfolio.errors import DomainError, NotFound, Refused, StaleWrite
from portfolio.models import AuditEvent, Blob, Citation, Dossier, DossierState, Evidence, EvidenceKind
from portfolio.policy import Actor
from portfolio.queries.evidence import sheet
from portfolio.queries.library import library_page, picks
from portfolio.queries.library_filter import Filter
from portfolio.queries.problems import Yardstick
from portfolio.services import citations, evidence
from portfolio.services.citations import Passage
from portfolio.services.evidence import Description, StoredFile
from portfolio.storage import Storage
from tests.counting import statements
from tests.factories import NOW, actor_for, cite, make_dossier, make_evidence, make_school, make_user

SHA = "a" * 64


def stored(filename: str = "计划.pdf", sha256: str = SHA) -> StoredFile:
    return StoredFile(filename, sha256, 10, "application/pdf", "local")


@pytest.fixture
def actor(session: Session) -> Actor:
    return actor_for(session, make_user(session, name="王敏"))


@pytest.fixture
def dossier(session: Session) -> Dossier:
    return make_dossier(session)


def plan(
    session: Session, actor: Actor, school_id: int, *, title: str = "德育计划", sha256: str = SHA
) -> Evidence:
    said = Description(title, EvidenceKind.PLAN, frozenset({2025, 2024}), date(2025, 9, 1), "全校")
    return evidence.add_evidence(
        session, actor=actor, now=NOW, school_id=school_id, file=stored(sha256=sha256), description=said
    )


def actions(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


def test_new_evidence_is_described_kept_and_on_the_trail(
    session: Session, actor: Actor, dossier: Dossier
) -> None:
    added = plan(session, actor, dossier.school_id, title="  德育\n工作\t计划 ")
    assert added.title == "德育 工作 计划"
    found = sheet(session, evidence_id=added.id)
    assert found.years == {2024, 2025}
    assert [(v.number, v.filename, v.uploaded_by) for v in found.versions] == [(1, "计划.pdf", "王敏")]
    event = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert (event.action, event.school_id, event.subject_id) == (
        "evidence:added",
        dossier.school_id,
        added.id,
    )
    assert event.after
    assert event.after["years"] == [2024, 2025]


def test_the_same_bytes_are_kept_once_and_the_older_evidence_is_named(
    session: Session, actor: Actor, dossier: Dossier
) -> None:
    first = plan(session, actor, dossier.school_id)
    second = plan(session, actor, dossier.school_id, title="另一份")
    assert session.scalar(select(func.count()).select_from(Blob)) == 1
    found = evidence.duplicate_of(session, evidence_id=second.id, school_id=dossier.school_id, sha256=SHA)
    assert found == first.id


def test_a_duplicate_of_another_school_is_none(session: Session, actor: Actor, dossier: Dossier) -> None:
    other = make_school(session)
    plan(session, actor, other.id)
    ours = plan(session, actor, dossier.school_id)
    assert (
        evidence.duplicate_of(session, evidence_id=ours.id, school_id=dossier.school_id, sha256=SHA) is None
    )


def test_a_newer_file_is_a_new_version_and_the_old_one_stays(
    session: Session, actor: Actor, dossier: Dossier
) -> None:
    added = plan(session, actor, dossier.school_id)
    evidence.add_version(
        session,
        actor=actor,
        now=NOW,
        evidence_id=added.id,
        school_id=dossier.school_id,
        file=stored("计划 修订.pdf", "c" * 64),
        reason="教代会修订",
    )
    versions = sheet(session, evidence_id=added.id).versions
    assert [(v.number, v.filename, v.reason) for v in versions] == [
        (2, "计划 修订.pdf", "教代会修订"),
        (1, "计划.pdf", ""),
    ]


def test_the_same_file_is_no_new_version(session: Session, actor: Actor, dossier: Dossier) -> None:
    added = plan(session, actor, dossier.school_id)
    with pytest.raises(DomainError, match="version_unchanged"):
        evidence.add_version(
            session,
            actor=actor,
            now=NOW,
            evidence_id=added.id,
            school_id=dossier.school_id,
            file=stored(),
            reason="",
        )


def test_evidence_of_another_school_gets_no_version(session: Session, actor: Actor, dossier: Dossier) -> None:
    theirs = plan(session, actor, make_school(session).id)
    with pytest.raises(NotFound):
        evidence.add_version(
            session,
            actor=actor,
            now=NOW,
            evidence_id=theirs.id,
            school_id=dossier.school_id,
            file=stored(sha256="c" * 64),
            reason="",
        )


def test_every_wrong_field_is_named(session: Session, actor: Actor, dossier: Dossier) -> None:
    wrong = Description(" \n", EvidenceKind.PLAN, frozenset({1066}), None, "长" * 2001)
    with pytest.raises(Refused) as refused:
        evidence.add_evidence(
            session, actor=actor, now=NOW, school_id=dossier.school_id, file=stored(), description=wrong
        )
    assert {field: error.code for field, error in refused.value.errors.items()} == {
        "title": "title_empty",
        "remark": "text_too_long",
        "years": "year_malformed",
    }


def test_a_description_is_saved_over_the_version_it_was_based_on(
    session: Session, actor: Actor, dossier: Dossier
) -> None:
    added = plan(session, actor, dossier.school_id)
    # only the years change: their rows are not the evidence's own, its version must move all the same
    again = Description("德育计划", EvidenceKind.PLAN, frozenset({2023}), date(2025, 9, 1), "全校")
    evidence.describe(session, actor=actor, now=NOW, evidence=added, description=again, version=1)
    assert added.version == 2
    assert sheet(session, evidence_id=added.id).years == {2023}


def test_a_stale_description_is_refused_with_what_stands(
    session: Session, actor: Actor, dossier: Dossier
) -> None:
    added = plan(session, actor, dossier.school_id)
    first = Description("先保存的", EvidenceKind.PLAN)
    evidence.describe(session, actor=actor, now=NOW, evidence=added, description=first, version=1)
    with pytest.raises(StaleWrite) as stale:
        evidence.describe(
            session,
            actor=actor,
            now=NOW,
            evidence=added,
            description=Description("后保存的", EvidenceKind.PLAN),
            version=1,
        )
    assert stale.value.current == first
    assert added.title == "先保存的"


def test_two_who_save_at_once_don_t_overwrite_each_other(
    engine: Engine, session: Session, actor: Actor
) -> None:
    added = plan(session, actor, make_school(session).id)
    session.commit()
    with make_sessions(engine)() as other:
        begin_write(other)
        theirs = other.get_one(Evidence, added.id)
        evidence.describe(
            other,
            actor=actor,
            now=NOW,
            evidence=theirs,
            description=Description("他们的", EvidenceKind.PLAN),
            version=1,
        )
        other.commit()
    begin_write(session)
    with pytest.raises(StaleWrite):
        evidence.describe(
            session,
            actor=actor,
            now=NOW,
            evidence=added,
            description=Description("我们的", EvidenceKind.PLAN),
            version=1,
        )


# ---- Citations ----


def test_citing_names_a_passage_and_is_on_the_trail(session: Session, actor: Actor, dossier: Dossier) -> None:
    added = plan(session, actor, dossier.school_id)
    made = citations.cite(
        session,
        actor=actor,
        now=NOW,
        dossier_id=dossier.id,
        element="C14",
        evidence_id=added.id,
        passage=Passage(3, 5, "第三章"),
    )
    assert (made.page_from, made.page_to, made.remark) == (3, 5, "第三章")
    event = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert event.action == "citation:added"
    assert event.after
    assert (event.after["element"], event.after["title"]) == ("C14", "德育计划")


def test_an_element_cites_evidence_once(session: Session, actor: Actor, dossier: Dossier) -> None:
    added = plan(session, actor, dossier.school_id)
    where: dict[str, Any] = {"dossier_id": dossier.id, "element": "C14", "evidence_id": added.id}
    citations.cite(session, actor=actor, now=NOW, **where)
    with pytest.raises(DomainError, match="already_cited"):
        citations.cite(session, actor=actor, now=NOW, **where)
    assert session.scalar(select(func.count()).select_from(Citation)) == 1


def test_evidence_of_another_school_is_never_cited(session: Session, actor: Actor, dossier: Dossier) -> None:
    theirs = plan(session, actor, make_school(session).id)
    with pytest.raises(NotFound):
        citations.cite(
            session, actor=actor, now=NOW, dossier_id=dossier.id, element="C1", evidence_id=theirs.id
        )


def test_an_element_that_is_not_in_the_rubric_is_not_found(
    session: Session, actor: Actor, dossier: Dossier
) -> None:
    added = plan(session, actor, dossier.school_id)
    with pytest.raises(NotFound):
        citations.cite(
            session, actor=actor, now=NOW, dossier_id=dossier.id, element="C85", evidence_id=added.id
        )


@pytest.mark.parametrize("verb", ["cite", "change", "uncite"])
def test_nothing_moves_under_the_principal_s_pen(
    session: Session, actor: Actor, dossier: Dossier, verb: str
) -> None:
    added = plan(session, actor, dossier.school_id)
    made = cite(session, dossier, "C1", added)
    dossier.state, dossier.handed_over_at = DossierState.SIGNING, NOW
    session.flush()
    who: dict[str, Any] = {"actor": actor, "now": NOW}
    act = {
        "cite": lambda: citations.cite(
            session, dossier_id=dossier.id, element="C2", evidence_id=added.id, **who
        ),
        "change": lambda: citations.change_citation(session, citation=made, passage=Passage(1), **who),
        "uncite": lambda: citations.uncite(session, citation=made, **who),
    }[verb]
    with pytest.raises(DomainError, match="awaiting_signature"):
        act()


def test_citing_goes_on_after_submission(session: Session, actor: Actor, dossier: Dossier) -> None:
    added = plan(session, actor, dossier.school_id)
    dossier.state = DossierState.SUBMITTED
    session.flush()
    made = citations.cite(
        session, actor=actor, now=NOW, dossier_id=dossier.id, element="C2", evidence_id=added.id
    )
    citations.uncite(session, actor=actor, now=NOW, citation=made)
    assert actions(session)[-2:] == ["citation:added", "citation:removed"]


def test_a_changed_citation_gives_back_what_stood(session: Session, actor: Actor, dossier: Dossier) -> None:
    made = cite(session, dossier, "C1", plan(session, actor, dossier.school_id), page=3)
    stood = citations.change_citation(
        session, actor=actor, now=NOW, citation=made, passage=Passage(9, None, "新")
    )
    assert stood == Passage(3, None, "")
    assert (made.page_from, made.remark) == (9, "新")


@pytest.mark.parametrize(
    ("typed", "code", "field"),
    [
        ({"page_from": "0"}, "page_malformed", "page_from"),
        ({"page_from": "三"}, "page_malformed", "page_from"),
        ({"page_from": "1e3"}, "page_malformed", "page_from"),
        ({"page_from": "9999999"}, "page_malformed", "page_from"),
        ({"page_to": "3"}, "page_from_missing", "page_from"),
        ({"page_from": "5", "page_to": "3"}, "pages_reversed", "page_to"),
        ({"remark": "长" * 401}, "text_too_long", "remark"),
    ],
)
def test_a_wrong_passage_is_refused_by_field(typed: dict[str, str], code: str, field: str) -> None:
    with pytest.raises(DomainError) as refused:
        citations.read_passage(typed)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_an_empty_passage_is_the_whole_file() -> None:
    assert citations.read_passage({"page_from": " ", "remark": " "}) == Passage()


# ---- The library ----


@pytest.fixture
def shelf(session: Session, storage: Storage, tmp_path: Path, dossier: Dossier) -> dict[str, Evidence]:
    """Four pieces: two cited, of two kinds, in two years; and one of another school."""
    school = dossier.school

    def make(title: str, kind: EvidenceKind, year: int, name: str) -> Evidence:
        return make_evidence(
            session, school, storage, tmp_path, title=title, kind=kind, years=(year,), filename=name
        )

    pieces = {
        "minutes": make("教代会纪要", EvidenceKind.MINUTES, 2025, "纪要.txt"),
        "plan": make("德育计划 100%", EvidenceKind.PLAN, 2025, "plan_A.txt"),
        "old": make("旧计划", EvidenceKind.PLAN, 2023, "old.txt"),
        "photo": make("操场", EvidenceKind.PHOTO, 2023, "IMG_1.jpg"),
    }
    make_evidence(
        session, make_school(session), storage, tmp_path, title="别校的计划", kind=EvidenceKind.PLAN
    )
    for code in ("C14", "C3"):
        cite(session, dossier, code, pieces["minutes"])
    cite(session, dossier, "C3", pieces["old"])
    return pieces


def titles(session: Session, dossier: Dossier, chosen: Filter) -> set[str]:
    shown = library_page(
        session, school_id=dossier.school_id, dossier_id=dossier.id, window_start=2024, chosen=chosen
    )
    return {row.title for row in shown.rows}


def test_facets_count_what_each_choice_would_show(
    session: Session, dossier: Dossier, shelf: dict[str, Evidence]
) -> None:
    shown = library_page(
        session,
        school_id=dossier.school_id,
        dossier_id=dossier.id,
        window_start=2024,
        chosen=Filter(kind=EvidenceKind.PLAN),
    )
    assert {row.title for row in shown.rows} == {"德育计划 100%", "旧计划"}
    facets = shown.facets
    assert (facets.total, facets.total_cited, facets.found) == (4, 2, 2)
    assert facets.cited == {"cited": 1, "uncited": 1}
    assert facets.kinds == {EvidenceKind.MINUTES: 1, EvidenceKind.PLAN: 2, EvidenceKind.PHOTO: 1}
    assert facets.years == {2025: 1, 2023: 1}


def test_elements_stand_in_the_rubric_s_order(
    session: Session, dossier: Dossier, shelf: dict[str, Evidence]
) -> None:
    shown = library_page(
        session,
        school_id=dossier.school_id,
        dossier_id=dossier.id,
        window_start=2024,
        chosen=Filter(q="教代会"),
    )
    assert [row.elements for row in shown.rows] == [("C3", "C14")]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (Filter(cited="cited"), {"教代会纪要", "旧计划"}),
        (Filter(cited="uncited"), {"德育计划 100%", "操场"}),
        (Filter(year=2023), {"旧计划", "操场"}),
        (Filter(year=2023, cited="uncited"), {"操场"}),
        (Filter(q="计划"), {"德育计划 100%", "旧计划"}),
        (Filter(q="0%"), {"德育计划 100%"}),
        (Filter(q="IMG_1"), {"操场"}),
        (Filter(q="PLAN_a 德育"), {"德育计划 100%"}),
        (Filter(q="计划_"), set()),
        (Filter(q="没有"), set()),
    ],
)
def test_filters_narrow_and_like_s_own_signs_are_letters(
    session: Session, dossier: Dossier, shelf: dict[str, Evidence], chosen: Filter, expected: set[str]
) -> None:
    assert titles(session, dossier, chosen) == expected


def test_a_page_past_the_last_is_the_last(
    session: Session, dossier: Dossier, shelf: dict[str, Evidence]
) -> None:
    assert len(titles(session, dossier, Filter(page=99))) == 4


def test_the_library_takes_three_statements_however_much_there_is(
    engine: Engine,
    session: Session,
    dossier: Dossier,
    shelf: dict[str, Evidence],
    storage: Storage,
    tmp_path: Path,
) -> None:
    def counted() -> int:
        with statements(engine) as seen:
            titles(session, dossier, Filter())
        return len(seen)

    before = counted()
    for number in range(8):
        cite(
            session,
            dossier,
            "C5",
            make_evidence(session, dossier.school, storage, tmp_path, title=str(number)),
        )
    assert before == counted() == 3


def test_a_picker_offers_only_what_the_element_does_not_cite(
    session: Session, dossier: Dossier, shelf: dict[str, Evidence]
) -> None:
    found = picks(session, yardstick=Yardstick(dossier.school_id, dossier.id, 2024), element="C3")
    assert {row.title for row in found} == {"德育计划 100%", "操场"}
