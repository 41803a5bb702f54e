"""The index finds on both engines what somebody finds who reads every page, and is kept in step with the library."""

from __future__ import annotations

import random
import re
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from portfolio.derive.grams import read_query
from portfolio.derive.traditional import SIMPLIFIED
from portfolio.models import Blob, Dossier, Evidence, EvidenceKind, EvidenceVersion, SearchChunk
from portfolio.queries import fulltext
from portfolio.services import bulk, derivations, evidence, search_index, trash
from portfolio.services.evidence import StoredFile
from portfolio.storage import Storage
from tests.factories import (
    NOW,
    actor_for,
    make_dossier,
    make_evidence,
    make_school,
    make_user,
    read_pages,
)
from tests.search_factory import found, shelve

FILLER = "本学期各项工作按计划推进，"
# A page of three pieces, with words on their borders (at 1,960 and 2,000 characters), some of them broken by a line.
LONG = (FILLER * 200)[:1958] + "教研\n活动" + "quality education" + (FILLER * 200)[:1990] + "劳动实践周末尾"
PAGES: dict[str, tuple[str, ...]] = {
    "党支部会议记录": ("党建工作会议。出席：全体党员。", "讨论教 研 活 动\n安排，黨建與教研結合。", "无关"),
    "Quality report": ("The Quality of education, 2023. AND then NEAR it.", "C12-党建 AI 课堂", "教代会"),
    "劳动清单": (LONG, "2023 年劳动实践", "２０２３年Ｃ１２号文件"),
    "制度汇编": ("第一条 教研组织；活动另定。", "“立德树人”是根本任务", 'a*b NEAR(c) "x" title:党 -建 OR'),
    "空白页": ("", "  \n ", "。！？"),
}
QUERIES = [
    "党",
    "党建",
    "教研活动",
    "教研 活动",
    "“教研活动”",
    '"教研组织；活动"',
    "黨建",
    "ｃ１２",
    "C12-党建",
    "AI课堂",
    "ai 课堂",
    "2023年",
    "2023年劳动",
    "2023",
    "202",
    "023",
    "quality",
    "QUALITY education",
    '"quality education"',
    "“quality of education”",
    "uality",
    "edu",
    "劳动 工作",
    "工作 末尾 教研",
    "AND",
    "NEAR",
    "党 AND 建",
    "党建 OR 教研",
    "NEAR(c)",
    "a*b",
    "党*",
    "-建",
    "title:党",
    '"',
    '""',
    "*",
    ":",
    "。！？",
    "%",
    "_",
    "党%",
    "\\",
    "/",
    "'党'",
    "'; DROP TABLE search_chunks; --",
    "一",
    "没有这样的话",
    "本学期各项工作按计划推进本学期各项工作按计划推进",
    "党" * 300,
    "「立德树人」",
    "立德树人是根本任务",
    "😀",
    "教代会",
    "报告",
    "report",
    "REPORT 2023",
    "党支部会议记录",
    "é",
]


@pytest.fixture
def dossier(session: Session) -> Dossier:
    return make_dossier(session)


# ---- As somebody would who reads every page ----

HAN = "\u3400-\u9fff"


def plain(words: str) -> str:
    """Half width, small, simplified, no white space beside ideographs."""
    small = unicodedata.normalize("NFKC", words).lower()
    once = " ".join("".join(SIMPLIFIED.get(sign, sign) for sign in small).split())
    return re.sub(rf"(?<=[{HAN}])\s+|\s+(?=[{HAN}])|(?<=[,;。])\s+(?=[,;。])", "", once)


def words_of(q: str) -> list[str]:
    pieces = [
        a or b for a, b in re.findall(r"[\"“”「」]([^\"“”「」]+)[\"“”「」]|([^\s\"“”「」、，；]+)", q[:100])
    ]
    words = [plain(piece)[:40].strip() for piece in pieces]
    return list(dict.fromkeys(word for word in words if re.search(r"[^\W_]", word)))[:6]


def stands_in(word: str, page: str) -> bool:
    """The page has it, and the words of letters and digits in it; the last of them may go on."""
    latin = rf"[^\W_{HAN}]"
    ended = [f"{each}(?!{latin})" for each in re.findall(f"{latin}+(?!{latin})(?!$)", word)]
    begun = re.findall(f"{latin}+$", word)
    return word in page and all(re.search(f"(?<!{latin}){each}", page) for each in (*ended, *begun))


def scanned(pages: dict[str, tuple[str, ...]], q: str) -> dict[str, tuple[int | None, int, int]]:
    """The pieces that hold all words of a search: the first page with all, how many, whether they are named so."""
    words = words_of(q)
    hits = {}
    for title, texts in pages.items():
        numbers = [
            number
            for number, page in enumerate(texts, 1)
            if all(stands_in(word, plain(page)) for word in words)
        ]
        named = all(word in plain(title) or word in plain(f"{title}.pdf") for word in words)
        if words and (numbers or named):
            hits[title] = (min(numbers, default=None), len(numbers), int(named))
    return hits


def looked_up(session: Session, dossier: Dossier, q: str) -> dict[str, tuple[int | None, int, int]]:
    if not read_query(q):
        return {}
    hits = fulltext.found(dossier.school_id, q)
    rows = session.execute(
        select(Evidence.title, hits.c.first, hits.c.pages, hits.c.named).join(
            hits, hits.c.evidence_id == Evidence.id
        )
    )
    return {row.title: (row.first, int(row.pages), row.named) for row in rows}


def test_the_index_finds_what_a_reader_finds(
    session: Session, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    shelve(session, dossier, storage, tmp_path, PAGES)
    for q in QUERIES:
        assert looked_up(session, dossier, q) == scanned(PAGES, q), q


def _random_pages(chance: random.Random) -> dict[str, tuple[str, ...]]:
    """Few different characters, so that most searches meet something."""
    signs = "党建教研活动动黨Ａab1２，。 \n"

    def page(longest: int) -> str:
        return "".join(chance.choice(signs) for _ in range(chance.randint(0, longest)))

    return {f"材料{number}": (page(30), page(200), page(4500)) for number in range(12)}


def test_the_index_finds_what_a_reader_finds_in_any_text(
    session: Session, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    chance = random.Random(20261123)
    pages = _random_pages(chance)
    shelve(session, dossier, storage, tmp_path, pages)
    everything = " ".join(text for texts in pages.values() for text in texts)
    for _ in range(120):
        start, length = chance.randrange(len(everything)), chance.randint(1, 12)
        piece = everything[start : start + length].replace("\n", " ")
        q = chance.choice((piece, f"“{piece}”", f"{piece} {chance.choice('党教a')}"))
        assert looked_up(session, dossier, q) == scanned(pages, q), q


# ---- The index keeps in step ----


def chunk_count(session: Session, **which: object) -> int:
    return session.scalar(select(func.count()).select_from(SearchChunk).filter_by(**which)) or 0


def test_a_new_description_and_a_new_file_are_found_at_once_and_the_old_ones_no_more(
    session: Session, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    piece = shelve(session, dossier, storage, tmp_path, {"旧题": ("旧的文字",)})["旧题"]
    actor = actor_for(session, make_user(session))
    said = evidence.description_of(session, piece)
    evidence.describe(
        session,
        actor=actor,
        now=NOW,
        evidence=piece,
        description=replace(said, title="新题", remark="附照片说明"),
        version=piece.version,
    )
    assert [found(session, dossier, q).total for q in ("旧题", "新题", "照片说明")] == [1, 1, 1], "旧题.pdf"
    digest = "ab" * 32
    file = StoredFile("新版.pdf", digest, 1, "application/pdf", "local")
    evidence.add_version(
        session,
        actor=actor,
        now=NOW,
        evidence_id=piece.id,
        school_id=dossier.school_id,
        file=file,
        reason="",
    )
    read_pages(session, piece, "新的文字")
    assert [found(session, dossier, q).total for q in ("旧的文字", "新的文字", "新版")] == [0, 1, 1]


def test_a_change_to_many_keeps_each_found(
    session: Session, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    shelf = shelve(session, dossier, storage, tmp_path, {"甲份": ("劳动",), "乙份": ("劳动",)})
    bulk.change_many(
        session,
        actor=actor_for(session, make_user(session)),
        now=NOW,
        school_id=dossier.school_id,
        ids=[piece.id for piece in shelf.values()],
        change=bulk.SetKind(EvidenceKind.PHOTO),
    )
    assert found(session, dossier, "甲份").total == 1
    assert found(session, dossier, "劳动", kind=EvidenceKind.PHOTO).total == 2


def test_a_file_that_is_forgotten_takes_its_entries_along(
    session: Session, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    piece = shelve(session, dossier, storage, tmp_path, {"甲": ("劳动教育",)})["甲"]
    assert chunk_count(session, school_id=dossier.school_id) == 2
    actor, evidence_id = actor_for(session, make_user(session)), piece.id
    school_id = dossier.school_id
    trash.trash_evidence(session, actor=actor, now=NOW - trash.KEPT, evidence_id=evidence_id)
    trash.empty_trash(session, now=NOW)
    assert chunk_count(session, evidence_id=evidence_id) == 0
    derivations.forget(session, Blob.school_id == school_id)
    assert chunk_count(session, school_id=school_id) == 0
    if session.get_bind().dialect.name == "sqlite":
        left = session.execute(text("SELECT count(*) FROM search_index WHERE search_index MATCH '\"劳动\"'"))
        assert left.scalar() == 0


def test_text_that_is_read_again_takes_the_place_of_the_old(
    session: Session, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    piece = shelve(session, dossier, storage, tmp_path, {"甲": ("劳动", "体育")})["甲"]
    digest = session.scalars(
        select(EvidenceVersion.sha256).where(EvidenceVersion.evidence_id == piece.id)
    ).one()
    search_index.index_file(session, school_id=dossier.school_id, sha256=digest, pages=[(1, "美育")])
    assert [found(session, dossier, q).total for q in ("劳动", "体育", "美育")] == [0, 0, 1]
    assert not search_index.is_file_indexed(session, school_id=dossier.school_id, sha256=digest)
    search_index.reindex_file(session, school_id=dossier.school_id, sha256=digest)
    assert [found(session, dossier, q).total for q in ("劳动", "体育", "美育")] == [1, 1, 0]
    assert search_index.is_file_indexed(session, school_id=dossier.school_id, sha256=digest)


def test_an_index_that_was_lost_is_made_again(
    session: Session, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    shelf = shelve(session, dossier, storage, tmp_path, PAGES)
    before = {q: looked_up(session, dossier, q) for q in ("党", "教研活动", "会议记录")}
    school_id = dossier.school_id
    session.execute(text("DELETE FROM search_chunks"))
    assert {*search_index.unindexed_words(session, school_id=school_id)} == {
        piece.id for piece in shelf.values()
    }
    assert search_index.enter_missing(session) == (len(PAGES), len(PAGES))
    assert {q: looked_up(session, dossier, q) for q in before} == before
    assert search_index.unindexed_words(session, school_id=school_id) == []
    assert search_index.enter_missing(session)[1] == 0


def test_files_still_being_read_are_counted_for_their_school_only(
    session: Session, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    for school in (dossier.school, make_school(session)):
        piece = make_evidence(session, school, storage, tmp_path)
        digest = session.scalars(
            select(EvidenceVersion.sha256).where(EvidenceVersion.evidence_id == piece.id)
        ).one()
        derivations.request(session, school_id=school.id, sha256=digest, now=NOW)
    assert found(session, dossier, "没有").unread == 1
