"""A time stamp in an archive, checked offline: by us, and by OpenSSL from the two files alone."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from portfolio.documents.archive import bag, stamp
from portfolio.documents.archive.der import with_sorted_certificates
from portfolio.documents.archive.verify import Verification
from portfolio.storage import Storage
from tests.archive_factory import SCHOOL, Piece, manifest, package, sha256
from tests.domain.test_verify import named, rewritten
from tests.servers.tsa import TimeStampAuthority

PIECES = (Piece("会议记录", b"%PDF-1.4 minutes"),)
MANIFEST = manifest(PIECES)
Verify = Callable[..., tuple[dict[str, str], Verification]]


@pytest.fixture
def response(tsa: TimeStampAuthority) -> bytes:
    return tsa.stamped(stamp.query(MANIFEST).as_bytes())


@pytest.fixture
def archive(storage: Storage, tmp_path: Path, response: bytes) -> bytes:
    """An archive with its stamp."""
    contents = replace(package(storage, tmp_path, PIECES), timestamp=response)
    return b"".join(bag.archive(contents, storage, school_id=SCHOOL).pieces())


@pytest.fixture
def verify(tmp_path: Path) -> Verify:
    def do(data: bytes, ca: Path | None = None) -> tuple[dict[str, str], Verification]:
        path = tmp_path / "package.zip"
        path.write_bytes(data)
        verification = Verification(path)
        return {f.path: f.matter for f in verification.findings(ca=ca) if f.matter}, verification

    return do


def test_an_archive_with_its_stamp_is_whole_and_says_when(
    archive: bytes, verify: Verify, tsa: TimeStampAuthority
) -> None:
    problems, verification = verify(archive, tsa.ca)
    assert problems == {}
    assert verification.stamp is not None
    assert verification.stamp.serial > 0


def test_a_stamp_that_leads_to_another_certificate_is_named(
    archive: bytes, verify: Verify, tsa: TimeStampAuthority
) -> None:
    problems, _ = verify(archive, tsa.other_ca)
    assert problems == {stamp.STAMP: stamp.MATTERS[stamp.SIGNATURE]}


def test_without_certificates_only_the_digest_is_looked_at(archive: bytes, verify: Verify) -> None:
    problems, verification = verify(archive)
    assert problems == {}
    assert verification.stamp is not None


def test_the_stamp_of_another_package_is_found_without_any_certificate(
    archive: bytes, verify: Verify, tsa: TimeStampAuthority
) -> None:
    other = tsa.stamped(stamp.query("{}").as_bytes())

    def exchange(files: dict[str, bytes]) -> None:
        name = named(files, ".tsr")
        old = files[name]
        files[name] = other
        digests = named(files, "/manifest-sha256.txt")
        files[digests] = files[digests].replace(sha256(old).encode(), sha256(other).encode())

    problems, verification = verify(rewritten(archive, exchange))
    assert problems[stamp.STAMP] == "is the time stamp of another package"
    assert verification.stamp is None


def test_a_flipped_byte_of_the_stamp_is_found(
    archive: bytes, verify: Verify, tsa: TimeStampAuthority
) -> None:
    def flip(files: dict[str, bytes]) -> None:
        data = bytearray(files[named(files, ".tsr")])
        data[-20] ^= 1
        files[named(files, ".tsr")] = bytes(data)

    problems, _ = verify(rewritten(archive, flip), tsa.ca)
    assert stamp.STAMP in problems


def test_an_archive_without_a_stamp_is_whole_unless_one_is_asked_for(
    storage: Storage, tmp_path: Path, verify: Verify, tsa: TimeStampAuthority
) -> None:
    contents = package(storage, tmp_path, PIECES)
    data = b"".join(bag.archive(contents, storage, school_id=SCHOOL).pieces())
    assert verify(data)[0] == {}
    assert "is missing" in verify(data, tsa.ca)[0][stamp.STAMP]


def test_openssl_verifies_the_two_files_as_they_lie_in_the_archive(
    response: bytes, tmp_path: Path, tsa: TimeStampAuthority
) -> None:
    (tmp_path / "manifest.json").write_text(MANIFEST, encoding="utf-8")
    (tmp_path / "manifest.json.tsr").write_bytes(response)
    said = subprocess.run(
        ["openssl", "ts", "-verify", "-data", "manifest.json", "-in", "manifest.json.tsr", "-CAfile", tsa.ca],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Verification: OK" in said.stdout + said.stderr


def test_the_chain_is_read_in_any_order_and_nothing_else_is_touched(response: bytes) -> None:
    """The authority of the tests sends two certificates, not sorted as DER asks."""
    assert stamp.read(response, sha256(MANIFEST.encode())).serial > 0
    ordered = with_sorted_certificates(response)
    assert sorted(ordered) == sorted(response)
    assert with_sorted_certificates(ordered) == ordered


@pytest.mark.parametrize("cut", range(0, 200, 7))
def test_a_response_cut_anywhere_is_refused_and_breaks_nothing(response: bytes, cut: int) -> None:
    with pytest.raises(stamp.StampInvalid):
        stamp.read(response[: len(response) * cut // 200], sha256(MANIFEST.encode()))


@pytest.mark.parametrize("response", [b"", b"x", bytes(100), bytes.fromhex("30053003020102")])
def test_what_is_no_stamp_is_refused(response: bytes) -> None:
    with pytest.raises(stamp.StampInvalid):
        stamp.read(response, "ab" * 32)
