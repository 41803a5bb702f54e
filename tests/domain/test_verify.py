"""Verifying an archive: what doesn't match is named, file by file, with nothing but the file at hand."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from portfolio.documents.archive import bag
from portfolio.documents.archive.verify import NotAnArchive, Verification
from portfolio.storage import Storage
from tests.archive_factory import SCHOOL, Piece, manifest, package, sha256

FILE = b"%PDF-1.4 " + bytes(range(256)) * 40
PIECES = (Piece("会议记录", FILE), Piece("工作计划", b"%PDF-1.4 a plan", ("C2",)))
DIGEST = sha256(manifest(PIECES).encode())


@pytest.fixture
def data(storage: Storage, tmp_path: Path) -> bytes:
    """A whole archive."""
    contents = package(storage, tmp_path, PIECES)
    return b"".join(bag.archive(contents, storage, school_id=SCHOOL).pieces())


@pytest.fixture
def problems(tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Verifies these bytes; returns what is the matter, by path."""

    def verify(data: bytes, expected: str | None = None) -> dict[str, str]:
        path = tmp_path / "package.zip"
        path.write_bytes(data)
        return {f.path: f.matter for f in Verification(path).findings(expected) if f.matter}

    return verify


Problems = Callable[..., dict[str, str]]


def rewritten(data: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    """The archive with its files changed, packed again by Python."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def named(files: dict[str, bytes], ending: str) -> str:
    [found] = [name for name in files if name.endswith(ending)]
    return found


def relisted(files: dict[str, bytes]) -> None:
    """Makes the lists of digests right again, as a careful forger would."""
    for list_name in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        name = next(each for each in files if each.partition("/")[2] == list_name)
        root = name.partition("/")[0]
        lines = []
        for line in files[name].decode().splitlines():
            path = line.split("  ", 1)[1]
            lines.append(f"{hashlib.sha256(files[f'{root}/{path}']).hexdigest()}  {path}\n")
        files[name] = "".join(lines).encode()


def test_a_whole_archive_has_no_problem_and_names_its_package(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "package.zip"
    path.write_bytes(data)
    verification = Verification(path)
    findings = list(verification.findings(DIGEST))
    assert [f for f in findings if f.matter] == []
    assert verification.digest == DIGEST
    assert verification.files == len(findings) == len(zipfile.ZipFile(path).namelist()) - 1


@pytest.mark.parametrize("at", [0, 1, 100, len(FILE) - 1])
def test_one_flipped_byte_is_found_and_named(data: bytes, problems: Problems, at: int) -> None:
    place = data.index(FILE) + at
    flipped = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
    [(path, matter)] = [(p, m) for p, m in problems(flipped).items() if "C1/" in p]
    assert path.endswith("C1/001 会议记录.pdf")
    assert "damaged" in matter


def test_a_flipped_bit_in_any_file_is_found(data: bytes, problems: Problems) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = [(info.filename, archive.read(info)) for info in archive.infolist()]
    for name, content in files:
        place = data.index(content) + len(content) // 2
        flipped = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        assert any(path in name for path in _problems_or_refusal(problems, flipped)), name


def _problems_or_refusal(problems: Problems, data: bytes) -> list[str]:
    """What is named; a list that can't be read is named in a refusal."""
    try:
        return list(problems(data))
    except NotAnArchive as refused:
        return [str(refused).partition(" ")[0]]


def test_a_file_that_was_changed_and_packed_again_is_named(data: bytes, problems: Problems) -> None:
    def change(files: dict[str, bytes]) -> None:
        files[named(files, "001 会议记录.pdf")] = b"%PDF-1.4 forged"

    found = problems(rewritten(data, change))
    assert any("was changed" in matter for path, matter in found.items() if path.endswith("会议记录.pdf"))
    assert "会议记录" in found  # and by its title: the manifest's bytes are not here


def test_a_file_that_was_taken_out_is_named(data: bytes, problems: Problems) -> None:
    def take(files: dict[str, bytes]) -> None:
        del files[named(files, "001 工作计划.pdf")]

    found = problems(rewritten(data, take))
    assert any(path.endswith("工作计划.pdf") and matter == "is missing" for path, matter in found.items())


def test_a_file_that_was_put_in_is_named(data: bytes, problems: Problems) -> None:
    def change(files: dict[str, bytes]) -> None:
        root = next(iter(files)).partition("/")[0]
        files[f"{root}/data/extra.pdf"] = b"%PDF-"

    assert "added later" in problems(rewritten(data, change))["data/extra.pdf"]


def test_a_forger_who_mends_the_lists_is_caught_by_the_digest_of_the_receipt(
    data: bytes, problems: Problems
) -> None:
    def forge(files: dict[str, bytes]) -> None:
        name = named(files, "data/manifest.json")
        files[name] = files[name].replace(b'"score":"1.0"', b'"score":"0.5"', 1)
        new = sha256(files[name])
        info = named(files, "bag-info.txt")
        files[info] = files[info].replace(DIGEST.encode(), new.encode())
        relisted(files)

    forged = rewritten(data, forge)
    assert problems(forged) == {}
    assert "is not the one asked for" in problems(forged, DIGEST)["data/manifest.json"]


def test_a_forger_who_mends_the_lists_still_has_bytes_the_manifest_does_not_name(
    data: bytes, problems: Problems
) -> None:
    def forge(files: dict[str, bytes]) -> None:
        files[named(files, "001 会议记录.pdf")] = b"%PDF-1.4 forged"
        relisted(files)

    assert problems(rewritten(data, forge)) == {"会议记录": "is in the manifest, and its bytes are not here"}


def test_another_rubric_is_found(data: bytes, problems: Problems) -> None:
    def forge(files: dict[str, bytes]) -> None:
        files[named(files, "rubric.json")] = b"{}"
        relisted(files)

    assert "another rubric" in problems(rewritten(data, forge))["data/rubric.json"]


@pytest.mark.parametrize(
    "said", [b"{}", b"not json", b"[]", b'{"format":"x/9","files":[],"rubric":{}}', b"null"]
)
def test_a_manifest_that_is_none_is_named(data: bytes, problems: Problems, said: bytes) -> None:
    def forge(files: dict[str, bytes]) -> None:
        files[named(files, "data/manifest.json")] = said
        relisted(files)

    assert "data/manifest.json" in problems(rewritten(data, forge))


def test_a_name_that_leads_out_of_the_archive_is_a_problem(data: bytes, problems: Problems) -> None:
    def change(files: dict[str, bytes]) -> None:
        root = next(iter(files)).partition("/")[0]
        files[f"{root}/data/../../evil.sh"] = b"#!/bin/sh"

    assert "leads out" in " ".join(problems(rewritten(data, change)).values())


@pytest.mark.parametrize("broken", [b"", b"PK\3\4 nothing", b"hello" * 100])
def test_what_is_no_archive_is_said_so(tmp_path: Path, broken: bytes) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(broken)
    with pytest.raises(NotAnArchive, match=re.escape(str(path))):
        list(Verification(path).findings())


def test_an_archive_that_was_cut_short_is_said_so(data: bytes, problems: Problems) -> None:
    with pytest.raises(NotAnArchive, match="cut short"):
        problems(data[: len(data) // 2])


def test_the_unpacked_folder_verifies_too(data: bytes, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(tmp_path / "out")
    [root] = (tmp_path / "out").iterdir()
    assert [f for f in Verification(root).findings(DIGEST) if f.matter] == []
    next(root.rglob("001 会议记录.pdf")).write_bytes(b"%PDF-1.4 forged")
    assert any("was changed" in (f.matter or "") for f in Verification(root).findings(DIGEST))
