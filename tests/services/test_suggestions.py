"""What is suggested for files: from codes in their paths, words, text, and what this school cited, nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from portfolio.derive.prints import text_print
from portfolio.editions import rubric_of
from portfolio.errors import DomainError, NotFound
from portfolio.models import (
    AuditEvent,
    Citation,
    Derivation,
    DerivationState,
    Dossier,
    Evidence,
    EvidenceVersion,
    PageText,
)
from portfolio.policy import Actor
from portfolio.queries.twins import alike, twins
from portfolio.queries.uncited import uncited_among, uncited_page
from portfolio.services import placing, suggestions, trash
from portfolio.services.suggestions import Asked
from portfolio.storage import Storage
from rubric.model import Rubric
from rubric.suggest import Suggestion
from tests.counting import statements
from tests.factories import (
    NOW,
    actor_for,
    cite,
    make_dossier,
    make_evidence,
    make_school,
    make_user,
    score_all,
)
from tests.package_factory import make_package


@pytest.fixture
def dossier(session: Session) -> Dossier:
    return make_dossier(session)


@pytest.fixture
def actor(session: Session) -> Actor:
    return actor_for(session, make_user(session))


@pytest.fixture
def rubric(session: Session, dossier: Dossier) -> Rubric:
    return rubric_of(session, dossier.cycle.rubric_digest)


def digest_of(session: Session, piece: Evidence) -> str:
    return session.scalars(
        select(EvidenceVersion.sha256).where(EvidenceVersion.evidence_id == piece.id)
    ).one()


def read_as(session: Session, piece: Evidence, *pages: str, look: str | None = None) -> str:
    """The piece's file was read: these are its pages."""
    digest = digest_of(session, piece)
    session.merge(
        Derivation(
            school_id=piece.school_id,
            sha256=digest,
            state=DerivationState.DONE,
            requested_at=NOW,
            text_print=text_print(pages),
            look=look,
        )
    )
    session.flush()
    session.add_all(
        PageText(school_id=piece.school_id, sha256=digest, page=page, text=text)
        for page, text in enumerate(pages, 1)
    )
    session.flush()
    return digest


def suggested(session: Session, rubric: Rubric, dossier: Dossier, asked: Asked) -> tuple[Suggestion, ...]:
    return suggestions.suggest(session, rubric, school_id=dossier.school_id, files=[asked])[asked.id]


def test_words_of_the_title_tell_and_the_answer_says_which(
    session: Session, rubric: Rubric, dossier: Dossier
) -> None:
    first = suggested(session, rubric, dossier, Asked(1, "教代会会议记录", "教代会会议记录.pdf"))[0]
    assert first.code == "C14"
    assert any("教代会" in word for word in first.because)


def test_a_code_in_the_path_comes_first_and_a_folder_of_an_indicator_narrows(
    session: Session, rubric: Rubric, dossier: Dossier
) -> None:
    (named,) = suggested(session, rubric, dossier, Asked(1, "教代会会议记录", "C20 其他/教代会会议记录.pdf"))
    assert (named.code, named.because) == ("C20", ("C20",))
    narrowed = suggested(
        session, rubric, dossier, Asked(1, "会议记录与活动方案", "A5/会议记录与活动方案.pdf")
    )
    inside = {element.code for element in rubric.elements if element.indicator == "A5"}
    assert narrowed
    assert {one.code for one in narrowed} <= inside


def test_the_text_tells_where_the_name_does_not(
    session: Session, rubric: Rubric, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    scan = make_evidence(session, dossier.school, storage, tmp_path, title="扫描件001")
    asked = Asked(scan.id, scan.title, "扫描件001.pdf", digest_of(session, scan))
    assert suggested(session, rubric, dossier, asked) == ()
    read_as(session, scan, "教职工代表大会第三次会议，教代会审议通过绩效工资方案，会议记录如下。")
    assert "C14" in [one.code for one in suggested(session, rubric, dossier, asked)]


def test_what_this_school_cited_for_a_like_title_tells_and_no_other_school(
    session: Session, rubric: Rubric, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    asked = Asked(1, "蓝莓班纪实 2026", "蓝莓班纪实 2026.pdf")
    elsewhere = make_dossier(session, make_school(session), dossier.cycle)
    theirs = make_evidence(session, elsewhere.school, storage, tmp_path, title="蓝莓班纪实 2025")
    cite(session, elsewhere, "C33", theirs)
    assert "C33" not in [one.code for one in suggested(session, rubric, dossier, asked)]
    ours = make_evidence(session, dossier.school, storage, tmp_path, title="蓝莓班纪实 2025")
    cite(session, dossier, "C44", ours)
    first = suggested(session, rubric, dossier, asked)[0]
    assert (first.code, first.because[0]) == ("C44", "《蓝莓班纪实》")


def test_an_earlier_package_remembers_what_the_dossier_no_longer_says(
    session: Session, rubric: Rubric, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    piece = make_evidence(session, dossier.school, storage, tmp_path, title="蓝莓班纪实 2025")
    cite(session, dossier, "C44", piece)
    score_all(session, dossier)
    make_package(session, dossier)
    session.execute(delete(Citation))
    first = suggested(session, rubric, dossier, Asked(1, "蓝莓班纪实 2026", "蓝莓班纪实.pdf"))[0]
    assert first.code == "C44"


def test_many_files_take_as_many_statements_as_one(
    engine: Engine, session: Session, rubric: Rubric, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    pieces = [
        make_evidence(session, dossier.school, storage, tmp_path, title=f"教研记录{n}") for n in range(12)
    ]
    files = [Asked(p.id, p.title, f"{p.title}.txt", digest_of(session, p)) for p in pieces]
    counts = []
    for some in (files[:1], files):
        with statements(engine) as seen:
            assert len(suggestions.suggest(session, rubric, school_id=dossier.school_id, files=some)) == len(
                some
            )
        counts.append(len(seen))
    assert counts == [2, 2]


def test_what_nothing_cites_is_paged_by_folder_in_two_statements(
    engine: Engine, session: Session, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    def make(title: str, path: str = "") -> Evidence:
        piece = make_evidence(session, dossier.school, storage, tmp_path, title=title)
        piece.path = path
        return piece

    second, first, third = make("乙", "B3/乙.txt"), make("甲", "A1/甲.txt"), make("丙", "B3/丙.txt")
    cited, thrown = make("已引"), make("已丢")
    make_evidence(session, make_school(session), storage, tmp_path, title="别人的")
    cite(session, dossier, "C3", cited)
    thrown.trashed_at = NOW
    session.flush()
    here: dict[str, Any] = {"school_id": dossier.school_id, "dossier_id": dossier.id}
    with statements(engine) as seen:
        shown = uncited_page(session, page=9, **here)
    assert len(seen) == 2
    assert [(one.folder, one.title) for one in shown.files] == [("A1", "甲"), ("B3", "丙"), ("B3", "乙")]
    assert (shown.total, shown.page, shown.pages) == (3, 1, 1)
    among = uncited_among(session, ids=[cited.id, first.id, second.id, third.id, thrown.id, 1], **here)
    assert {one.id for one in among} == {first.id, second.id, third.id}


def test_several_are_accepted_at_once_and_taken_back_at_once(
    session: Session, dossier: Dossier, actor: Actor, storage: Storage, tmp_path: Path
) -> None:
    ours = [make_evidence(session, dossier.school, storage, tmp_path, title=f"件{n}") for n in range(3)]
    theirs = make_evidence(session, make_school(session), storage, tmp_path)
    trash.trash_evidence(session, actor=actor, now=NOW, evidence_id=ours[2].id)
    cite(session, dossier, "C5", ours[0])
    picks = [(ours[0].id, "C5"), (ours[0].id, "C6"), (ours[1].id, "C7"), (ours[1].id, "C999")]
    picks += [(ours[2].id, "C8"), (theirs.id, "C9")]
    said: dict[str, Any] = {"actor": actor, "now": NOW, "dossier_id": dossier.id}
    placed = placing.cite_many(session, picks=picks, **said)
    assert placed.cited == ((ours[0].id, "C6"), (ours[1].id, "C7"))
    assert [(piece, error.code) for piece, error in placed.refused] == [
        (ours[1].id, "not_found"),
        (ours[2].id, "evidence_trashed"),
        (theirs.id, "not_found"),
    ]
    assert session.scalars(select(AuditEvent.action)).all().count("citation:added") == 2
    assert placing.uncite_many(session, picks=placed.cited, **said) == 2
    assert session.scalars(select(Citation.element)).all() == ["C5"]


def test_picks_are_read_as_forms_send_them() -> None:
    assert placing.read_picks(["1:C14", "2:C3 3:C4"]) == [(1, "C14"), (2, "C3"), (3, "C4")]
    with pytest.raises(NotFound):
        placing.read_picks(["x:C14"])


def test_nothing_chosen_and_too_many_are_refused(session: Session, dossier: Dossier, actor: Actor) -> None:
    said: dict[str, Any] = {"actor": actor, "now": NOW, "dossier_id": dossier.id}
    with pytest.raises(DomainError, match="pieces_missing"):
        placing.cite_many(session, picks=[], **said)
    with pytest.raises(DomainError, match="pieces_many"):
        placing.cite_many(session, picks=[(n, "C1") for n in range(placing.MOST + 1)], **said)


def test_the_same_bytes_are_pointed_at_with_their_elements_and_their_place_in_the_trash(
    session: Session, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    def make(title: str) -> Evidence:
        return make_evidence(session, dossier.school, storage, tmp_path, title=title, content=b"same")

    old, thrown, new = make("旧"), make("已丢"), make("新")
    make_evidence(session, make_school(session), storage, tmp_path, content=b"same")
    for code in ("C14", "C3"):
        cite(session, dossier, code, old)
    thrown.trashed_at = NOW
    session.flush()
    found = twins(
        session,
        school_id=dossier.school_id,
        evidence_id=new.id,
        sha256=digest_of(session, new),
        dossier_id=dossier.id,
    )
    assert [(one.title, one.elements, one.trashed_at, one.newest) for one in found] == [
        ("旧", ("C3", "C14"), None, True),
        ("已丢", (), NOW, True),
    ]


def test_the_same_text_in_another_file_and_the_same_picture_in_another_size_are_pointed_at(
    session: Session, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    def make(title: str) -> Evidence:
        return make_evidence(session, dossier.school, storage, tmp_path, title=title)

    text = (
        "本校党支部本学期召开支部会议六次，研究教育教学工作，落实第一议题制度，会议记录完整，按月归档备查。"
    )
    word, printed, other = make("方案"), make("方案（PDF）"), make("别的")
    small, large, elsewhere = make("小图"), make("大图"), make("另一张")
    digest = read_as(session, word, text)
    read_as(session, printed, text[:20] + "\n \n", text[20:].replace("，", ", "))
    read_as(session, other, text + "补充一句。")
    look = read_as(session, small, look="f" * 32)
    read_as(session, large, look="f" * 31 + "7")
    read_as(session, elsewhere, look="0" * 32)
    here: dict[str, Any] = {"school_id": dossier.school_id}
    found = alike(session, evidence_id=word.id, sha256=digest, **here)
    assert [(one.title, one.same) for one in found] == [("方案（PDF）", "text")]
    found = alike(session, evidence_id=small.id, sha256=look, **here)
    assert [(one.title, one.same) for one in found] == [("大图", "look")]
    large.trashed_at = NOW
    session.flush()
    assert alike(session, evidence_id=small.id, sha256=look, **here) == ()
