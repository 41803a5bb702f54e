"""Keeping order in the library: the trash, many pieces at once, problems, versions side by side, the catalogue."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.db import begin_write
from portfolio.models import (
    Citation,
    Derivation,
    DerivationState,
    Dossier,
    Evidence,
    EvidenceVersion,
    PageText,
    Role,
    User,
)
from portfolio.queries.problems import Problem
from portfolio.services import evidence as service
from portfolio.services.evidence import StoredFile
from portfolio.storage import Storage
from tests.conftest import Browser, Clock
from tests.counting import statements
from tests.factories import (
    NOW,
    Staff,
    actor_for,
    cite,
    make_evidence,
    make_school,
    make_user,
)
from tests.web.pages import without_tokens

LogIn = Callable[[User], Browser]
Make = Callable[..., Evidence]


@contextmanager
def writing(store: Session) -> Iterator[None]:
    store.rollback()
    begin_write(store)
    yield
    store.commit()


@pytest.fixture
def storage(app: Flask) -> Storage:
    return app.extensions["portfolio"].storage  # type: ignore[no-any-return]


@pytest.fixture
def make(store: Session, dossier: Dossier, staff: Staff, storage: Storage, tmp_path: Path) -> Make:
    def made(**said: object) -> Evidence:
        school = said.pop("school", dossier.school)
        with writing(store):
            return make_evidence(store, school, storage, tmp_path, by=staff.lead, **said)  # type: ignore[arg-type]

    return made


@pytest.fixture
def library(dossier: Dossier) -> str:
    return f"/schools/{dossier.school_id}/evidence"


def page_of(answer: object) -> str:
    return html.unescape(answer.get_data(as_text=True))  # type: ignore[attr-defined]


def undo_of(page: str) -> dict[str, str]:
    """The fields of the undo on offer, and where they go (`action`)."""
    bar = page[page.index('class="toast-bar"') :]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', bar))
    action = re.search(r'action="([^"]+)"', bar)
    assert action
    return {**fields, "action": action[1]}


# ---- The trash ----


def test_what_is_thrown_away_leaves_the_library_and_comes_back_by_undo(
    lead: Browser, make: Make, library: str
) -> None:
    plan = make(title="德育计划")
    answer = lead.post(f"/evidence/{plan.id}/delete")
    assert (answer.status_code, answer.headers["Location"]) == (302, library)
    page = page_of(lead.get(library))
    assert f'href="/evidence/{plan.id}"' not in page
    undo = undo_of(page)
    assert f'href="/evidence/{plan.id}"' in page_of(lead.get(f"{library}/trash"))
    assert lead.post(undo.pop("action"), undo).status_code == 302
    assert f'href="/evidence/{plan.id}"' in page_of(lead.get(library))


def test_a_piece_in_the_trash_is_shown_read_and_taken_out_but_not_changed(
    lead: Browser, log_in: LogIn, staff: Staff, make: Make, library: str
) -> None:
    plan = make()
    lead.post(f"/evidence/{plan.id}/delete")
    page = page_of(lead.get(f"/evidence/{plan.id}"))
    assert "2026" in page and f'action="/evidence/{plan.id}/restore"' in page
    assert 'name="title"' not in page and "data-upload" not in page and 'name="element"' not in page
    with lead.get(f"/evidence/{plan.id}/versions/1/file") as file:
        assert file.status_code == 200
    assert lead.post(f"/evidence/{plan.id}/citations", {"element": "C1"}).status_code == 422
    principal = log_in(staff.principal)
    assert f'action="/evidence/{plan.id}/restore"' not in page_of(principal.get(f"{library}/trash"))
    assert principal.post(f"/evidence/{plan.id}/restore").status_code == 403
    assert lead.post(f"/evidence/{plan.id}/restore").status_code == 302
    assert lead.post(f"/evidence/{plan.id}/restore").status_code == 422


def test_cited_evidence_is_not_thrown_away(
    lead: Browser, store: Session, dossier: Dossier, make: Make
) -> None:
    plan = make()
    with writing(store):
        cite(store, dossier, "C14", plan)
    answer = lead.post(f"/evidence/{plan.id}/delete")
    assert answer.status_code == 422
    assert "C14" in page_of(answer)


def test_the_trash_says_how_long_each_piece_has_left(
    lead: Browser, log_in: LogIn, clock: Clock, staff: Staff, make: Make, library: str
) -> None:
    plan = make()
    lead.post(f"/evidence/{plan.id}/delete")
    clock.now = NOW + timedelta(days=12, hours=1)
    page = page_of(log_in(staff.principal).get(f"{library}/trash"))
    assert "剩 17 天" in page
    assert staff.lead.name in page


def test_another_school_s_trash_is_not_there(lead: Browser, store: Session) -> None:
    with writing(store):
        other = make_school(store)
    assert lead.get(f"/schools/{other.id}/evidence/trash").status_code == 404


# ---- Many at once ----


def test_ticked_pieces_get_a_kind_and_the_undo_takes_it_back(
    lead: Browser, store: Session, make: Make, library: str
) -> None:
    pieces = [make(), make()]
    page = page_of(lead.get(library))
    assert page.count('name="ids"') == 2 and 'form="bulk"' in page and 'id="bulk"' in page
    form = {"ids": [str(piece.id) for piece in pieces], "do": "kind", "kind": "plan", "next": library}
    answer = lead.post(f"{library}/bulk", form)
    assert (answer.status_code, answer.headers["Location"]) == (302, library)
    assert kinds(store, pieces) == {"plan"}
    undo = undo_of(page_of(lead.get(library)))
    lead.post(undo.pop("action"), undo)
    assert kinds(store, pieces) == {"minutes"}


def kinds(store: Session, pieces: list[Evidence]) -> set[str]:
    store.rollback()
    ids = [piece.id for piece in pieces]
    return {kind.value for kind in store.scalars(select(Evidence.kind).where(Evidence.id.in_(ids)))}


def test_what_is_refused_is_named_with_its_reason_and_the_rest_is_done(
    lead: Browser, store: Session, dossier: Dossier, make: Make, library: str
) -> None:
    free, cited = make(title="闲置的"), make(title="引证的")
    with writing(store):
        cite(store, dossier, "C14", cited)
    answer = lead.post(f"{library}/bulk", {"ids": [free.id, cited.id], "do": "trash"})
    page = page_of(answer)
    assert answer.status_code == 200
    assert "引证的" in page and "C14" in page and "闲置的" not in page
    assert undo_of(page)["ids"] == str(free.id)


def test_nothing_of_another_school_is_told_or_changed(
    lead: Browser, store: Session, make: Make, library: str
) -> None:
    with writing(store):
        other = make_school(store)
    theirs = make(school=other, title="别校的秘密")
    answers = [
        without_tokens(page_of(lead.post(f"{library}/bulk", {"ids": [some], "do": "trash"})))
        for some in (theirs.id, 4711)
    ]
    assert answers[0] == answers[1]
    assert "秘密" not in answers[0]
    assert (
        lead.post(f"/schools/{other.id}/evidence/bulk", {"ids": [theirs.id], "do": "trash"}).status_code
        == 404
    )
    store.rollback()
    store.refresh(theirs)
    assert theirs.trashed_at is None


def test_who_only_reads_gets_no_boxes_and_changes_nothing(
    log_in: LogIn, staff: Staff, make: Make, library: str
) -> None:
    piece = make()
    principal = log_in(staff.principal)
    page = page_of(principal.get(library))
    assert 'name="ids"' not in page and 'id="bulk"' not in page
    assert principal.post(f"{library}/bulk", {"ids": [piece.id], "do": "trash"}).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"do": "kind", "kind": "novel"},
        {"do": "add_year", "year": "bald"},
        {"do": "cite", "element": ""},
        {"do": "cite", "element": "C85"},
        {"do": "explode"},
        {},
        {"ids": ["x", "9" * 40], "do": "trash"},
    ],
)
def test_a_change_that_makes_no_sense_changes_nothing(
    lead: Browser, store: Session, make: Make, library: str, wrong: dict[str, object]
) -> None:
    piece = make()
    answer = lead.post(f"{library}/bulk", {"ids": [piece.id], **wrong})
    assert answer.status_code == 422
    store.rollback()
    store.refresh(piece)
    assert (piece.version, piece.trashed_at, store.scalars(select(Citation)).all()) == (1, None, [])


def test_bulk_citing_and_its_undo_leave_no_trace_but_the_trail(
    lead: Browser, store: Session, make: Make, library: str
) -> None:
    pieces = [make(), make()]
    lead.post(f"{library}/bulk", {"ids": " ".join(str(p.id) for p in pieces), "do": "cite", "element": "C14"})
    store.rollback()
    assert set(store.scalars(select(Citation.evidence_id))) == {piece.id for piece in pieces}
    undo = undo_of(page_of(lead.get(library)))
    lead.post(undo.pop("action"), undo)
    store.rollback()
    assert store.scalars(select(Citation)).all() == []


# ---- Problems and what is stored ----


def derived(store: Session, piece: Evidence, **said: object) -> str:
    """A reading of the piece's newest file."""
    digest: str = store.scalars(
        select(EvidenceVersion.sha256)
        .where(EvidenceVersion.evidence_id == piece.id)
        .order_by(EvidenceVersion.number.desc())
        .limit(1)
    ).one()
    with writing(store):
        store.merge(
            Derivation(school_id=piece.school_id, sha256=digest, requested_at=NOW, **said)  # type: ignore[arg-type]
        )
    return digest


@pytest.fixture
def troubled(store: Session, dossier: Dossier, make: Make) -> dict[Problem, Evidence]:
    """One piece for each problem, cited unless being uncited is the problem; and a sound one."""
    pieces: dict[Problem, Evidence] = {
        problem: make(title=f"份 {problem.value}") for problem in Problem if problem is not Problem.OLD
    }
    pieces[Problem.OLD] = make(title="份 old", years=(2019, 2020))
    sound = make(title="完好")
    derived(store, pieces[Problem.UNREADABLE], state=DerivationState.FAILED, failure="crashed")
    derived(store, pieces[Problem.ENCRYPTED], state=DerivationState.FAILED, failure="encrypted")
    derived(store, sound, state=DerivationState.FAILED, failure="unsupported")
    with writing(store):
        pieces[Problem.NO_DATE].date = None
        service.describe(
            store,
            actor=actor_for(store, make_user(store)),
            now=NOW,
            evidence=pieces[Problem.NO_YEAR],
            description=service.Description("份 no_year", pieces[Problem.NO_YEAR].kind, date=NOW.date()),
            version=1,
        )
        for code in [f"C{number}" for number in range(1, 8)]:
            cite(store, dossier, code, pieces[Problem.CITED_OFTEN])
        for problem, piece in [*pieces.items(), (None, sound)]:
            if problem not in (Problem.UNCITED, Problem.CITED_OFTEN):
                cite(store, dossier, "C9", piece)
    return pieces


@pytest.mark.parametrize("problem", list(Problem))
def test_each_problem_shows_those_that_have_it_and_what_to_do(
    lead: Browser, troubled: dict[Problem, Evidence], library: str, problem: Problem
) -> None:
    page = page_of(lead.get(f"{library}?problem={problem.value}"))
    assert [name for name in Problem if f"份 {name.value}<" in page] == [problem]
    assert "完好" not in page
    assert 'class="problem-note"' in page


def test_problems_are_counted_and_stand_in_the_rows(
    lead: Browser, troubled: dict[Problem, Evidence], library: str
) -> None:
    page = page_of(lead.get(library))
    for problem in Problem:
        facet = page[page.index(f"problem={problem.value}") :]
        assert '<span class="num">1</span>' in facet[: facet.index("</a>")]
    assert page.count('class="row-problems"') == len(Problem) - 1


def test_a_newer_file_that_can_be_read_ends_the_problem(
    lead: Browser, store: Session, troubled: dict[Problem, Evidence], storage: Storage, library: str
) -> None:
    locked = troubled[Problem.ENCRYPTED]
    with writing(store):
        service.add_version(
            store,
            actor=actor_for(store, make_user(store)),
            now=NOW,
            evidence_id=locked.id,
            school_id=locked.school_id,
            file=StoredFile("开.pdf", "c" * 64, 10, "application/pdf", storage.name),
            reason="",
        )
    assert "份 encrypted<" not in page_of(lead.get(f"{library}?problem=encrypted"))


def test_the_head_says_how_many_files_are_kept_and_their_size(
    lead: Browser, make: Make, library: str
) -> None:
    make(content=b"a" * 1_500_000)
    make(content=b"b" * 600_000, title="扔掉的")
    assert "2.1 MB" in page_of(lead.get(library))


def test_the_library_with_two_thousand_pieces_takes_six_statements(
    app: Flask, lead: Browser, store: Session, dossier: Dossier, make: Make, library: str
) -> None:
    first = make()
    version = store.scalars(select(EvidenceVersion).where(EvidenceVersion.evidence_id == first.id)).one()
    with writing(store):
        copies = [
            Evidence(
                school_id=first.school_id,
                title=f"材料{number}",
                kind=first.kind,
                created_by=first.created_by,
                created_at=NOW,
            )
            for number in range(2000)
        ]
        store.add_all(copies)
        store.flush()
        store.add_all(
            EvidenceVersion(
                evidence_id=piece.id,
                number=1,
                school_id=piece.school_id,
                sha256=version.sha256,
                filename="材料.txt",
                uploaded_by=piece.created_by,
                uploaded_at=NOW,
            )
            for piece in copies
        )
    lead.get(library)  # a worker reads the rubric once
    with statements(app.extensions["portfolio"].sessions.kw["bind"]) as seen:
        assert lead.get(library).status_code == 200
    assert len(seen) <= 6


# ---- Two versions side by side ----


@pytest.fixture
def revised(store: Session, make: Make, storage: Storage) -> Evidence:
    """Two versions of a plan, neither read yet."""
    plan = make(title="德育计划", content="第一版".encode())
    with writing(store):
        service.add_version(
            store,
            actor=actor_for(store, make_user(store)),
            now=NOW,
            evidence_id=plan.id,
            school_id=plan.school_id,
            file=StoredFile("修订.txt", "c" * 64, 10, "text/plain", storage.name),
            reason="教代会修订",
        )
    return plan


def read(store: Session, piece: Evidence, number: int, *pages: str) -> None:
    digest = store.scalars(
        select(EvidenceVersion.sha256).where(
            EvidenceVersion.evidence_id == piece.id, EvidenceVersion.number == number
        )
    ).one()
    with writing(store):
        store.merge(
            Derivation(school_id=piece.school_id, sha256=digest, requested_at=NOW, state=DerivationState.DONE)
        )
        store.flush()
        store.add_all(
            PageText(school_id=piece.school_id, sha256=digest, page=page, text=text)
            for page, text in enumerate(pages, start=1)
        )


def test_two_versions_show_what_was_added_and_removed_in_words_and_marks(
    lead: Browser, store: Session, revised: Evidence
) -> None:
    read(store, revised, 1, "教代会每年召开一次。<b>旧</b>的一条。")
    read(store, revised, 2, "教代会每年召开两次。", "全新的内容写在第二页。")
    assert f"/evidence/{revised.id}/compare" in page_of(lead.get(f"/evidence/{revised.id}"))
    answer = lead.get(f"/evidence/{revised.id}/compare?from=1&to=2", headers={"Accept-Language": "en"})
    page = answer.get_data(as_text=True)
    assert "<del>一</del>" in page and "<ins>两</ins>" in page
    assert "教代会修订" in page
    assert "<b>旧</b>" not in page and "&lt;b&gt;" in page
    assert 'data-side="added"' in page and 'data-side="removed"' in page


@pytest.mark.parametrize("state", ["none", "failed", "empty"])
def test_a_version_without_text_says_so(lead: Browser, store: Session, revised: Evidence, state: str) -> None:
    read(store, revised, 1, "有字。")
    if state == "failed":
        derived(store, revised, state=DerivationState.FAILED, failure="encrypted")
    if state == "empty":
        read(store, revised, 2, " ")
    page = page_of(lead.get(f"/evidence/{revised.id}/compare"))
    assert "<ins>" not in page and "data-side" not in page
    assert f"/evidence/{revised.id}/versions/2/file" in page


def test_only_versions_there_are_can_be_compared(
    lead: Browser, log_in: LogIn, store: Session, revised: Evidence, make: Make
) -> None:
    for query in ("from=1&to=3", "from=0&to=2", "from=1&to=1", "from=x&to=2", "from=1"):
        assert lead.get(f"/evidence/{revised.id}/compare?{query}").status_code == 404
    assert lead.get(f"/evidence/{make().id}/compare").status_code == 200
    with writing(store):
        stranger = make_user(store, Role.LEAD, school=make_school(store))
    assert log_in(stranger).get(f"/evidence/{revised.id}/compare").status_code == 404


# ---- The catalogue ----


def test_the_catalogue_numbers_each_citation_by_its_element(
    lead: Browser, store: Session, dossier: Dossier, make: Make, library: str
) -> None:
    minutes, plan = make(title="教代会纪要"), make(title='=HYPERLINK("http://evil.example")')
    with writing(store):
        for code, piece, page in (("C14", minutes, 3), ("C14", plan, None), ("C2", minutes, None)):
            cite(store, dossier, code, piece, page=page)
    shown = page_of(lead.get(f"{library}/catalogue"))
    assert shown.index("A1-B1-C2-1") < shown.index("-C14-1") < shown.index("-C14-2")
    answer = lead.get(f"{library}/catalogue.xlsx")
    assert "attachment" in answer.headers["Content-Disposition"]
    sheet = openpyxl.load_workbook(io.BytesIO(answer.get_data())).active
    assert sheet is not None
    rows = [row for row in sheet.iter_rows(values_only=True) if row[0] and "-C" in str(row[0])]
    assert [str(row[0]).rsplit("-", 2)[1:] for row in rows] == [["C2", "1"], ["C14", "1"], ["C14", "2"]]
    assert [row[1] for row in rows] == ["教代会纪要", '=HYPERLINK("http://evil.example")', "教代会纪要"]
    assert {sheet.cell(row, 2).data_type for row in range(1, sheet.max_row + 1)} == {"s"}


def test_the_catalogue_is_for_the_school_and_the_observer(
    log_in: LogIn, store: Session, staff: Staff, library: str
) -> None:
    with writing(store):
        observer, clerk = make_user(store, Role.OBSERVER), make_user(store, Role.BUREAU)
    for user, status in (
        (staff.contributor, 200),
        (staff.lead, 200),
        (staff.principal, 200),
        (observer, 200),
        (clerk, 404),
    ):
        visitor = log_in(user)
        for page in ("catalogue", "catalogue.xlsx"):
            assert visitor.get(f"{library}/{page}").status_code == status


def test_a_school_without_a_dossier_has_an_empty_catalogue(log_in: LogIn, store: Session) -> None:
    with writing(store):
        school = make_school(store)
        lead = make_user(store, Role.LEAD, school=school)
    visitor = log_in(lead)
    assert visitor.get(f"/schools/{school.id}/evidence/catalogue").status_code == 200
    assert visitor.get(f"/schools/{school.id}/evidence/catalogue.xlsx").status_code == 404


def test_the_catalogue_takes_as_many_statements_for_more(
    app: Flask, lead: Browser, store: Session, dossier: Dossier, make: Make, library: str
) -> None:
    def counted() -> int:
        with statements(app.extensions["portfolio"].sessions.kw["bind"]) as seen:
            lead.get(f"{library}/catalogue")
        return len(seen)

    counted()
    before = counted()
    for code in ("C1", "C2", "C3"):
        piece = make()
        with writing(store):
            cite(store, dossier, code, piece)
    assert counted() == before <= 5
