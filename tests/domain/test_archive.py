"""A package's archive: a bag that others can check, complete or not there at all."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from urllib.parse import unquote

import bagit
import pytest

from portfolio.documents.archive import bag
from portfolio.documents.archive.contents import Contents
from portfolio.errors import DomainError
from portfolio.storage import Storage
from tests.archive_factory import RUBRIC, SCHOOL, SIGNED, Piece, keep, manifest, package, sha256

MINUTES = Piece("党支部会议记录", b"%PDF-1.4 minutes", ("C1", "C2", "C40"), pages=(3, 5))
SAME_TITLE = Piece("党支部会议记录", b"%PDF-1.4 other minutes", ("C1",))
PHOTO = Piece(
    "升旗仪式", b"\xff\xd8\xff with a place", ("C4",), "IMG_1.jpg", "image/jpeg", public=b"\xff\xd8\xff bare"
)
PIECES = (MINUTES, SAME_TITLE, PHOTO)
ODD_TITLES = (
    "长" * 300,
    "计划/总结\\汇总",
    "末尾有点...",
    "升旗😀仪式",
    "CON",
    "a" * 300,
    '<>:"|?*',
    "…",
    "100%",
)


def packed(contents: Contents, storage: Storage) -> bytes:
    return b"".join(bag.archive(contents, storage, school_id=SCHOOL).pieces())


def unpacked(data: bytes, folder: Path) -> Path:
    """Its one folder."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(folder)
    [root] = folder.iterdir()
    return root


@pytest.fixture
def root(storage: Storage, tmp_path: Path) -> Path:
    """The archive of PIECES, unpacked."""
    data = packed(package(storage, tmp_path, PIECES), storage)
    (tmp_path / "out").mkdir()
    return unpacked(data, tmp_path / "out")


def paths(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


A1 = "data/A1 加强党的领导与坚持正确办学方向"


def test_it_is_a_bag_by_the_library_of_congress_own_tool(root: Path) -> None:
    opened = bagit.Bag(str(root))
    opened.validate()
    assert opened.version_info == (1, 0)
    assert opened.info["Source-Organization"] == "西安市第一学校"
    assert opened.info["Bagging-Date"] == "2026-09-30"
    assert opened.info["External-Identifier"] == f"sha256:{sha256(manifest(PIECES).encode())}"


def test_files_stand_in_folders_by_indicator_under_their_titles(root: Path) -> None:
    assert {path for path in paths(root) if re.search(r"/\d{3} ", path)} == {
        f"{A1}/B1/C1/001 党支部会议记录.pdf",
        f"{A1}/B1/C1/002 党支部会议记录.pdf",
        "data/A2 学校管理与文化建设/B2/C4/001 升旗仪式.jpg",
    }


def test_a_file_that_many_elements_cite_is_there_once_and_the_others_say_where(root: Path) -> None:
    note = (root / f"{A1}/B1/C2/参见.txt").read_text(encoding="utf-8-sig")
    assert "A1-B1-C2-1　党支部会议记录" in note
    [elsewhere] = re.findall(r"见 (\S.*)$", note.strip())
    found = (root / f"{A1}/B1/C2" / elsewhere).resolve()
    assert found == (root / f"{A1}/B1/C1/001 党支部会议记录.pdf").resolve()
    assert found.read_bytes() == MINUTES.data
    assert sum(path.read_bytes() == MINUTES.data for path in root.rglob("*.pdf")) == 1


def test_manifest_rubric_and_forms_are_in_it(root: Path) -> None:
    assert (root / "data/manifest.json").read_bytes() == manifest(PIECES).encode()
    assert sha256((root / "data/rubric.json").read_bytes()) == RUBRIC.digest
    assert {f"data/评估细则.{extension}" for extension in ("docx", "xlsx", "pdf")} <= paths(root)


def test_others_get_the_public_copy_under_its_own_digest_with_the_originals_beside(root: Path) -> None:
    copy = (root / "data/A2 学校管理与文化建设/B2/C4/001 升旗仪式.jpg").read_bytes()
    assert copy == PHOTO.public
    assert f"{sha256(copy)}  data/A2" in (root / "manifest-sha256.txt").read_text(encoding="utf-8")
    page = (root / "index.html").read_text(encoding="utf-8")
    assert f"{sha256(copy)}（公开副本，原件 {sha256(PHOTO.data)}）" in page
    assert all(path.read_bytes() != PHOTO.data for path in root.rglob("*") if path.is_file())


def test_the_school_may_take_the_originals(storage: Storage, tmp_path: Path) -> None:
    contents = package(storage, tmp_path, PIECES, originals=True)
    with zipfile.ZipFile(io.BytesIO(packed(contents, storage))) as archive:
        assert PHOTO.data in [archive.read(name) for name in archive.namelist()]


def test_the_same_package_is_the_same_bytes_and_their_number_is_known_before(
    storage: Storage, tmp_path: Path
) -> None:
    contents = package(storage, tmp_path, PIECES)
    made = bag.archive(contents, storage, school_id=SCHOOL)
    again = bag.archive(contents, storage, school_id=SCHOOL)
    data = b"".join(made.pieces())
    assert len(made.zip) == len(data)
    assert data == b"".join(again.pieces())
    assert made.tag == again.tag
    other = package(storage, tmp_path, PIECES[:1])
    assert bag.archive(other, storage, school_id=SCHOOL).tag != made.tag


def test_odd_titles_unpack_everywhere_and_stay_apart(storage: Storage, tmp_path: Path) -> None:
    pieces = [Piece(title, f"%PDF- {n}".encode()) for n, title in enumerate((*ODD_TITLES, *ODD_TITLES))]
    contents = package(storage, tmp_path, pieces, school="学校" * 60)
    with zipfile.ZipFile(io.BytesIO(packed(contents, storage))) as archive:
        names = archive.namelist()
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        assert len(name) <= 200, name  # of Windows' 260
        for part in name.split("/"):
            assert not re.search(r'[<>:"|?*\\\x00-\x1f]', part), part
            assert len(part.encode()) <= 255
            assert part == part.strip()
            assert not part.endswith(".")
    bagit.Bag(str(unpacked(packed(contents, storage), tmp_path / "odd"))).validate()


def _sabotage(storage: Storage, piece: Piece, data: bytes | None) -> None:
    """Removes a stored file, or puts other bytes into its place, behind the store's back."""
    path = storage.local_path(SCHOOL, sha256(piece.data))
    assert path is not None
    path.chmod(0o644)
    path.unlink() if data is None else path.write_bytes(data)


@pytest.mark.parametrize(
    ("data", "code"),
    [(None, "bytes_missing"), (b"shorter", "bytes_changed"), (b"%PDF-1.4 mINUTES", "bytes_changed")],
)
def test_a_file_that_is_not_whole_is_named_before_anything_is_sent(
    storage: Storage, tmp_path: Path, data: bytes | None, code: str
) -> None:
    contents = package(storage, tmp_path, PIECES)
    _sabotage(storage, MINUTES, data)
    with pytest.raises(DomainError) as refused:
        bag.archive(contents, storage, school_id=SCHOOL)
    assert refused.value.code == code
    assert refused.value.context == {"title": MINUTES.title}


@pytest.mark.parametrize(("data", "code"), [(None, "bytes_missing"), (b"%PDF-1.4 mINUTES", "bytes_changed")])
def test_a_file_that_changes_while_a_large_archive_is_sent_ends_it_by_name(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes | None, code: str
) -> None:
    monkeypatch.setattr(bag, "READ_BEFORE", 0)
    made = bag.archive(package(storage, tmp_path, PIECES), storage, school_id=SCHOOL)
    _sabotage(storage, MINUTES, data)
    sent: list[bytes] = []
    with pytest.raises(DomainError) as stopped:
        sent.extend(made.pieces())
    assert (stopped.value.code, stopped.value.context) == (code, {"title": MINUTES.title})
    with pytest.raises(zipfile.BadZipFile):  # what was sent is no archive: no hole goes unseen
        zipfile.ZipFile(io.BytesIO(b"".join(sent)))


def test_the_page_links_every_citation_to_a_file_that_is_there_at_its_page(root: Path) -> None:
    page = (root / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'<a href="(data/[^"]+)"', page)
    assert len(links) == len([code for piece in PIECES for code in piece.elements])
    assert all((root / unquote(link.partition("#")[0])).is_file() for link in links)
    assert sum(link.endswith(".pdf#page=3") for link in links) == len(MINUTES.elements)


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing_a_school_wrote(
    storage: Storage, tmp_path: Path
) -> None:
    reason = "<script>alert(1)</script><img src=http://example.org/x>\n\n**实**"
    contents = package(
        storage, tmp_path, [Piece("<b>标题</b>", b"%PDF-")], school="<i>学校</i>", reason=reason
    )
    with zipfile.ZipFile(io.BytesIO(packed(contents, storage))) as archive:
        page = archive.read(f"{contents.name}/index.html").decode()
    assert "<script" not in page
    assert "http://example" not in page
    assert "<i>学校" not in page
    assert "<b>标题" not in page
    assert "<strong>实</strong>" in page
    assert "default-src 'none'" in page


def test_a_bag_is_dated_by_the_signature(storage: Storage, tmp_path: Path) -> None:
    keep(storage, tmp_path, b"unused")
    assert package(storage, tmp_path, []).signed_at == SIGNED
