"""Bulk in: codes in paths, what a piece offers, copies put together, files that nothing cites gone through quickly."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.db import begin_write
from portfolio.models import Citation, Dossier, DossierState, Evidence, Role
from portfolio.storage import Storage
from rubric.loader import DEFAULT, find
from tests.conftest import Browser
from tests.counting import statements
from tests.factories import NOW, cite, make_evidence, make_school, make_staff, make_user
from tests.web.conftest import LogIn
from tests.web.tus_client import Tus


@pytest.fixture
def storage(app: Flask) -> Storage:
    found: Storage = app.extensions["portfolio"].storage
    return found


def made(
    store: Session, dossier: Dossier, storage: Storage, folder: Path, title: str, content: bytes | None = None
) -> Evidence:
    begin_write(store)
    piece = make_evidence(store, dossier.school, storage, folder, title=title, content=content)
    store.commit()
    return piece


def uploaded(lead: Browser, dossier: Dossier, filename: str, body: bytes, path: str = "") -> str:
    """Where the evidence is that this upload became."""
    answer = Tus(lead, dossier.school_id).create(len(body), None, body, filename=filename, path=path)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return str(answer.headers["Evidence-Location"])


def cited_of(store: Session, location: str) -> list[str]:
    store.rollback()
    piece = int(location.rsplit("/", 1)[1])
    return list(store.scalars(select(Citation.element).where(Citation.evidence_id == piece)))


@pytest.mark.parametrize(
    ("path", "elements"),
    [
        ("c12_党建.txt", ["C12"]),
        ("校务/C12/党建.txt", ["C12"]),
        ("C12/c20 党建.txt", ["C20"]),
        ("B3/党建.txt", []),
        ("A2 学校管理/党建.txt", []),
        ("C99/党建.txt", []),
    ],
)
def test_a_code_in_a_name_or_folder_is_cited_at_once(
    lead: Browser, dossier: Dossier, store: Session, path: str, elements: list[str]
) -> None:
    location = uploaded(lead, dossier, path.rsplit("/", 1)[-1], "党建记录".encode(), path)
    assert cited_of(store, location) == elements
    offers = lead.get(f"{location}/offers").get_data(as_text=True)
    assert not (elements and "data-suggests" in offers)
    kept = store.get_one(Evidence, int(location.rsplit("/", 1)[1]))
    assert kept.path == path


def test_a_folder_of_few_elements_offers_them_all_where_no_word_tells(
    lead: Browser, dossier: Dossier
) -> None:
    location = uploaded(lead, dossier, "001.txt", b"minutes", "B3/001.txt")
    offered = re.findall(r'value="(C\d+)"', lead.get(f"{location}/offers").get_data(as_text=True))
    rubric = find(DEFAULT)
    assert offered == [element.code for element in rubric.elements if element.sub_indicator == "B3"]


def test_a_folder_of_an_indicator_narrows_what_is_offered_on_the_line(
    lead: Browser, dossier: Dossier
) -> None:
    location = uploaded(
        lead, dossier, "教代会会议记录.txt", "记录".encode(), "A2 学校管理/教代会会议记录.txt"
    )
    offered = re.findall(r'value="(C\d+)"', lead.get(f"{location}/offers").get_data(as_text=True))
    assert offered
    page = lead.get(location).get_data(as_text=True)
    assert "教代会" in page.split('id="piece-offers"')[1].split("</section>")[0]


def test_one_click_cites_what_was_suggested_and_can_be_taken_back(
    lead: Browser, dossier: Dossier, store: Session
) -> None:
    location = uploaded(lead, dossier, "教代会会议记录.txt", "记录".encode())
    assert cited_of(store, location) == []
    json_please = {"Accept": "application/json"}
    reply = lead.post(f"{location}/citations", {"element": "C14"}, headers=json_please).json
    assert reply["element"] == "C14"
    assert cited_of(store, location) == ["C14"]
    lead.post(reply["undo"]["action"], reply["undo"]["fields"], headers=json_please)
    assert reply["undo"]["label"]
    assert cited_of(store, location) == []


def test_a_copy_says_where_the_same_file_is_and_is_put_together_by_choice(
    lead: Browser, dossier: Dossier, store: Session
) -> None:
    body = "同一份会议记录".encode()
    first = uploaded(lead, dossier, "C3 记录.txt", body)
    second = uploaded(lead, dossier, "记录副本.txt", body)
    offers = lead.get(f"{second}/offers").get_data(as_text=True)
    assert f'href="{first}"' in offers
    assert "C3" in offers
    kept = first.rsplit("/", 1)[1]
    both = lead.post(f"{second}/merge", {"how": "both", "into": kept}, headers={"Accept": "application/json"})
    assert both.json["href"] == second
    assert lead.post(f"{second}/merge", {"how": "cite", "into": kept}).headers["Location"] == first
    store.rollback()
    assert store.get_one(Evidence, int(second.rsplit("/", 1)[1])).trashed_at is not None
    nonsense = lead.post(f"{first}/merge", {"how": "x", "into": kept}, headers={"Accept": "application/json"})
    assert nonsense.status_code == 422
    assert lead.post(f"{first}/merge", {"how": "cite", "into": "x"}).status_code == 404


def test_a_zip_is_offered_to_be_opened_and_left_alone_until_then(
    lead: Browser, dossier: Dossier, store: Session
) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("C14/教代会.txt", "教代会记录")
        archive.writestr("教研/教研活动记录.txt", "教研")
    location = uploaded(lead, dossier, "资料.zip", made.getvalue())
    assert len(store.scalars(select(Evidence)).all()) == 1
    assert f'action="{location}/opening"' in lead.get(f"{location}/offers").get_data(as_text=True)
    page = lead.post(f"{location}/opening").get_data(as_text=True)
    assert "C14/教代会.txt" in page
    assert "data-suggests" in page
    store.rollback()
    assert {piece.path for piece in store.scalars(select(Evidence))} == {
        "", "C14/教代会.txt", "教研/教研活动记录.txt",
    }  # fmt: skip
    assert store.scalars(select(Citation.element)).all() == ["C14"]


def test_a_zip_that_can_t_be_opened_says_why_beside_it(lead: Browser, dossier: Dossier) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for number in range(2001):
            archive.writestr(f"{number}.txt", "a")
    location = uploaded(lead, dossier, "许多.zip", made.getvalue())
    offers = lead.get(f"{location}/offers").get_data(as_text=True)
    assert "2001" in offers
    assert "/opening" not in offers


def test_suggestions_for_a_list_are_a_fragment_of_this_school_s_uncited_pieces(
    lead: Browser, dossier: Dossier, store: Session, storage: Storage, tmp_path: Path
) -> None:
    minutes = made(store, dossier, storage, tmp_path, "教代会会议记录")
    cited = made(store, dossier, storage, tmp_path, "教代会提案")
    begin_write(store)
    cite(store, dossier, "C14", cited)
    theirs = make_evidence(store, make_school(store), storage, tmp_path, title="教代会会议记录")
    store.commit()
    ids = f"{minutes.id},{cited.id},{theirs.id},x,"
    fragment = lead.get(f"/schools/{dossier.school_id}/evidence/suggestions?ids={ids}").get_data(as_text=True)
    assert re.findall(r'data-suggested="(\d+)"', fragment) == [str(minutes.id)]
    assert "→ C14" in fragment


def test_nothing_is_suggested_to_those_who_only_read_nor_while_the_principal_signs(
    lead: Browser,
    log_in: LogIn,
    dossier: Dossier,
    store: Session,
    storage: Storage,
    tmp_path: Path,
) -> None:
    minutes = made(store, dossier, storage, tmp_path, "教代会会议记录")
    begin_write(store)
    observer = make_user(store, Role.OBSERVER)
    store.commit()
    address = f"/schools/{dossier.school_id}/evidence/suggestions?ids={minutes.id}"
    assert "data-suggested" not in log_in(observer).get(address).get_data(as_text=True)
    begin_write(store)
    held = store.get_one(Dossier, dossier.id)
    held.state, held.handed_over_at = DossierState.SIGNING, NOW
    store.commit()
    assert "data-suggested" not in lead.get(address).get_data(as_text=True)


def test_files_that_nothing_cites_are_gone_through_on_one_page_with_one_undo(
    lead: Browser, dossier: Dossier, store: Session, storage: Storage, tmp_path: Path
) -> None:
    titles = ("教代会会议记录", "心理辅导室使用记录", "食堂陪餐记录")
    pieces = {title: made(store, dossier, storage, tmp_path, title) for title in titles}
    address = f"/schools/{dossier.school_id}/evidence/uncited"
    page = lead.get(address).get_data(as_text=True)
    offered = re.findall(r'name="picks" value="(\d+:C\d+)"', page)
    best = [next(pick for pick in offered if pick.startswith(f"{piece.id}:")) for piece in pieces.values()]
    assert "checked" not in page
    after = lead.post(address, {"picks": best}, follow_redirects=True).get_data(as_text=True)
    store.rollback()
    assert len(store.scalars(select(Citation.element)).all()) == 3
    undo = after.split('class="toast-bar"')[1].split("</form>")[0]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', undo))
    assert fields["do"] == "undo"
    lead.post(address, fields)
    store.rollback()
    assert store.scalars(select(Citation.element)).all() == []


def test_the_page_of_uncited_files_takes_as_many_statements_at_twice_the_data(
    app: Flask, lead: Browser, dossier: Dossier, store: Session, storage: Storage, tmp_path: Path
) -> None:
    engine = app.extensions["portfolio"].sessions.kw["bind"]
    address = f"/schools/{dossier.school_id}/evidence/uncited"
    counts = []
    for batch in range(2):
        for number in range(6):
            made(store, dossier, storage, tmp_path, f"教研活动记录 {batch} {number}")
        lead.get(address)
        with statements(engine) as seen:
            assert lead.get(address).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 8


def test_folders_reach_the_server_from_a_plain_form_too(
    lead: Browser, dossier: Dossier, store: Session
) -> None:
    lead.post(
        f"/schools/{dossier.school_id}/evidence",
        {"csrf_token": lead.token(), "files": [(io.BytesIO(b"minutes"), "C14/记录.txt")]},
        content_type="multipart/form-data",
    )
    assert store.scalars(select(Evidence.path)).one() == "C14/记录.txt"
    assert store.scalars(select(Citation.element)).one() == "C14"


def test_another_school_learns_nothing_of_offers_copies_or_archives(
    log_in: LogIn, dossier: Dossier, store: Session, storage: Storage, tmp_path: Path
) -> None:
    piece = made(store, dossier, storage, tmp_path, "教代会会议记录")
    begin_write(store)
    stranger = make_staff(store, make_school(store)).lead
    store.commit()
    browser = log_in(stranger)
    assert browser.get(f"/evidence/{piece.id}/offers").status_code == 404
    for verb in ("merge", "opening"):
        assert browser.post(f"/evidence/{piece.id}/{verb}").status_code == 404
    for page in ("uncited", f"suggestions?ids={piece.id}"):
        assert browser.get(f"/schools/{dossier.school_id}/evidence/{page}").status_code == 404


def test_the_words_of_the_drop_zone_are_whole(lead: Browser, dossier: Dossier) -> None:
    page = lead.get(f"/schools/{dossier.school_id}/evidence").get_data(as_text=True)
    strings = re.search(r'data-strings="([^"]+)"', page)
    assert strings
    words = json.loads(strings[1].replace("&#34;", '"').replace("&#39;", "'").replace("&amp;", "&"))
    assert all(words.values())
    assert "webkitdirectory" in page
    assert 'capture="environment"' in page
