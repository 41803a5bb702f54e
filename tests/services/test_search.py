"""What a search finds: files, pages and passages, of one school only, with every filter."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from portfolio.models import Dossier, Evidence, EvidenceKind
from portfolio.queries import search
from portfolio.queries.facets import facets_of
from portfolio.queries.library_filter import Filter
from portfolio.services import trash
from portfolio.storage import Storage
from tests.counting import statements
from tests.factories import NOW, actor_for, cite, make_dossier, make_evidence, make_user, read_pages
from tests.search_factory import found, shelve, titles, yardstick


@pytest.fixture
def dossier(session: Session) -> Dossier:
    return make_dossier(session)


# ---- Of one school only ----


def test_another_school_s_same_words_are_in_no_hit_and_no_count(
    session: Session, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    other = make_dossier(session)
    mine = shelve(session, dossier, storage, tmp_path, {"我校党建": ("党建工作", "教研活动")})
    same = (dossier.school, other.school)
    content = b"the same bytes in both schools"
    for school in same:
        piece = make_evidence(session, school, storage, tmp_path, title=f"{school.name}共有", content=content)
        read_pages(session, piece, "党建与教研活动")
    shelve(session, other, storage, tmp_path, {"他校党建": ("党建", "教研活动"), "另一份": ("党建教研活动",)})
    for q in ("党", "党建", "教研活动", "党建 教研活动", "“党建与教研”", "党建*"):
        hits = found(session, dossier, q)
        assert {hit.evidence_id for hit in hits.hits} <= {
            mine["我校党建"].id,
            *session.scalars(select(Evidence.id).where(Evidence.school_id == dossier.school_id)),
        }
        assert hits.total == len(hits.hits)
    assert found(session, dossier, "党建").total == 2
    facets = facets_of(session, yardstick(dossier), Filter(q="党建"))
    assert (facets.found, facets.total, sum(facets.kinds.values())) == (2, 2, 2)
    assert found(session, dossier, "他校").total == 0
    (school_term,) = {f"§{other.school_id}"}
    assert found(session, dossier, school_term).total == 0, (
        "nobody can type what marks another school's pages"
    )


# ---- Hits ----


def test_a_hit_names_file_page_passage_and_how_many_pages_more(
    session: Session, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    pages = (
        "封面",
        "会议应到代表62人，实到58人。教代会以无记名\n投票方式审议通过方案。",
        "再议教代会",
        "教代会",
    )
    piece = shelve(session, dossier, storage, tmp_path, {"会议纪要": pages})["会议纪要"]
    cite(session, dossier, "C14", piece, page=3)
    (hit,) = found(session, dossier, "教代会 投票").hits
    assert (hit.name, hit.page, hit.more, hit.filename) == ("会议纪要", 2, 0, "会议纪要.pdf")
    assert [words for words, is_word in hit.passage if is_word] == ["教代会", "投票"]
    (hit,) = found(session, dossier, "教代会").hits
    assert (hit.page, hit.more) == (2, 2)
    cited = hit.cited_for("C14")
    assert cited is not None and (cited.covers(3), cited.covers(2), cited.covers(None)) == (
        True,
        False,
        False,
    )
    assert hit.cited_for("C1") is None
    (hit,) = found(session, dossier, "纪要").hits
    assert (hit.page, hit.more) == (None, 0)
    assert hit.title == (("会议", False), ("纪要", True))


def test_words_of_a_title_come_first_then_what_most_pages_hold(
    session: Session, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    pages = {"甲": ("劳动",), "乙": ("劳动", "劳动"), "劳动清单": ("无",)}
    shelve(session, dossier, storage, tmp_path, pages)
    assert titles(found(session, dossier, "劳动")) == ["劳动清单", "乙", "甲"]


def test_hits_come_in_pages_and_a_page_too_many_is_the_first(
    session: Session, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    shelve(session, dossier, storage, tmp_path, {f"第{n}份": ("劳动教育",) for n in range(12)})
    first, second, ninth = (found(session, dossier, "劳动", page=page) for page in (1, 2, 9))
    assert (len(first.hits), len(second.hits), first.total, first.pages) == (10, 2, 12, 2)
    assert not {*titles(first)} & {*titles(second)}
    assert (ninth.page, titles(ninth)) == (1, titles(first))


def test_filters_are_combined_with_the_words(
    session: Session, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    shelf: dict[tuple[EvidenceKind, int, bool], str] = {}
    kinds, years = (EvidenceKind.PLAN, EvidenceKind.MINUTES), (2023, 2025)
    for kind, year, cited in product(kinds, years, (True, False)):
        title = f"{kind}{year}{cited}"
        piece = make_evidence(
            session, dossier.school, storage, tmp_path, title=title, kind=kind, years=(year,)
        )
        read_pages(session, piece, "劳动教育")
        if cited:
            cite(session, dossier, "C5", piece)
        shelf[kind, year, cited] = title
    for (kind, year, cited), title in shelf.items():
        chosen = {"kind": kind, "year": year, "cited": "cited" if cited else "uncited"}
        assert titles(found(session, dossier, "劳动", **chosen)) == [title]
    assert found(session, dossier, "劳动", element="C5").total == 4
    assert found(session, dossier, "劳动", element="C6").total == 0
    assert found(session, dossier, "体育", element="C5").total == 0


def test_the_trash_is_searched_by_itself_only(
    session: Session, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    shelf = shelve(session, dossier, storage, tmp_path, {"留着": ("劳动",), "扔了": ("劳动",)})
    lead = actor_for(session, make_user(session))
    trash.trash_evidence(session, actor=lead, now=NOW, evidence_id=shelf["扔了"].id)
    assert titles(found(session, dossier, "劳动")) == ["留着"]
    hits = search.find(session, yardstick=yardstick(dossier), chosen=Filter(q="劳动"), trashed=True)
    assert titles(hits) == ["扔了"]
    trash.restore_evidence(session, actor=lead, now=NOW, evidence_id=shelf["扔了"].id)
    assert found(session, dossier, "劳动").total == 2


def test_what_an_element_cites_can_be_left_out(
    session: Session, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    shelf = shelve(session, dossier, storage, tmp_path, {"甲": ("劳动",), "乙": ("劳动",)})
    cite(session, dossier, "C5", shelf["甲"])
    hits = search.find(session, yardstick=yardstick(dossier), chosen=Filter(q="劳动"), uncited_for="C5")
    assert titles(hits) == ["乙"]


def test_a_search_takes_two_statements_however_much_there_is(
    engine: Engine, session: Session, dossier: Dossier, storage: Storage, tmp_path: Path
) -> None:
    def counted() -> int:
        with statements(engine) as seen:
            assert found(session, dossier, "劳动 教育").hits
        return len(seen)

    piece = shelve(session, dossier, storage, tmp_path, {"甲": ("劳动教育",)})["甲"]
    cite(session, dossier, "C5", piece)
    before = counted()
    more = shelve(session, dossier, storage, tmp_path, {str(n): ("劳动教育",) * 3 for n in range(8)})
    for number, each in enumerate(more.values(), 1):
        cite(session, dossier, f"C{number}", each)
    assert before == counted() == 2
