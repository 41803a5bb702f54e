"""What every storage promises, asked of a local folder and of a real S3 server alike."""

from __future__ import annotations

import hashlib
import os
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from portfolio.storage import BlobDamaged, BlobMissing, Storage, StorageUnavailable
from portfolio.storage.factory import from_url
from portfolio.storage.s3 import S3Storage
from tests.servers.swift_s3 import SwiftS3Server

SCHOOL, OTHER_SCHOOL = 7, 8


@dataclass
class Upload:
    """A finished file on local disk and its digest, as an upload leaves it."""

    path: Path
    sha256: str


@dataclass
class Bucket:
    """An empty bucket of the S3 server, and a plain client of it."""

    name: str
    client: object
    url: str


@pytest.fixture
def bucket(s3_server: SwiftS3Server, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    boto3 = pytest.importorskip("boto3")
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=s3_server.endpoint, region_name=s3_server.region)
    name = f"test-{uuid.uuid4().hex[:12]}"
    client.create_bucket(Bucket=name)
    return Bucket(name, client, s3_server.storage_url(name, "portfolio"))


@pytest.fixture
def local(tmp_path: Path) -> Storage:
    return from_url("", tmp_path / "data")


@pytest.fixture
def s3(bucket: Bucket, tmp_path: Path) -> Storage:
    return from_url(bucket.url, tmp_path)


@pytest.fixture(params=["local", "s3"])
def storage(request: pytest.FixtureRequest) -> Storage:
    engine: Storage = request.getfixturevalue(request.param)
    return engine


@pytest.fixture
def upload(tmp_path: Path) -> Callable[[bytes], Upload]:
    """Write bytes to a new file outside the storage, on the same file system."""

    def write(content: bytes) -> Upload:
        path = tmp_path / "uploads" / uuid.uuid4().hex
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return Upload(path, hashlib.sha256(content).hexdigest())

    return write


Uploads = Callable[[bytes], Upload]


def everything(storage: Storage, sha256: str, school: int = SCHOOL) -> bytes:
    with storage.open(school, sha256) as stored:
        return stored.read()


def test_what_is_put_comes_back_and_the_source_is_consumed(storage: Storage, upload: Uploads) -> None:
    minutes = upload("会议记录".encode() * 50_000)
    content = minutes.path.read_bytes()
    storage.put(SCHOOL, minutes.sha256, minutes.path)
    assert everything(storage, minutes.sha256) == content
    assert storage.size(SCHOOL, minutes.sha256) == len(content)
    assert storage.exists(SCHOOL, minutes.sha256)
    assert not minutes.path.exists()


def test_what_is_too_large_for_one_put_goes_into_a_bucket_in_parts(bucket: Bucket, upload: Uploads) -> None:
    part = 5 * 1024 * 1024  # the least that S3 takes
    large = upload(os.urandom(2 * part + 7))
    content = large.path.read_bytes()
    storage = S3Storage(bucket.client, bucket.name, "portfolio", largest_in_one=part, part=part)
    storage.put(SCHOOL, large.sha256, large.path)
    assert everything(storage, large.sha256) == content
    assert not large.path.exists()
    with storage.open(SCHOOL, large.sha256, part - 3, part + 3) as stored:
        assert stored.read() == content[part - 3 : part + 3]
    copy = upload(content)
    storage.put(SCHOOL, copy.sha256, copy.path)
    assert list(storage.digests(SCHOOL)) == [large.sha256]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, None, b"0123456789"),
        (4, None, b"456789"),
        (0, 3, b"012"),
        (3, 5, b"34"),
        (8, 99, b"89"),
        (10, None, b""),
        (50, 60, b""),
        (4, 4, b""),
    ],
)
def test_a_range_is_read_like_a_slice(
    storage: Storage, upload: Uploads, start: int, end: int | None, expected: bytes
) -> None:
    digits = upload(b"0123456789")
    storage.put(SCHOOL, digits.sha256, digits.path)
    with storage.open(SCHOOL, digits.sha256, start, end) as stored:
        assert stored.read() == expected


def test_an_impossible_range_is_refused(storage: Storage, upload: Uploads) -> None:
    digest = upload(b"x").sha256
    for start, end in [(-1, None), (5, 4)]:
        with pytest.raises(ValueError, match="range"):
            storage.open(SCHOOL, digest, start, end)


def test_bytes_are_read_in_pieces(storage: Storage, upload: Uploads) -> None:
    long = upload(os.urandom(300_000))
    content = long.path.read_bytes()
    storage.put(SCHOOL, long.sha256, long.path)
    with storage.open(SCHOOL, long.sha256, 1) as stored:
        assert stored.read(10) == content[1:11]
        assert b"".join(iter(lambda: stored.read(64 * 1024), b"")) == content[11:]


def test_an_empty_file_can_be_stored(storage: Storage, upload: Uploads) -> None:
    nothing = upload(b"")
    storage.put(SCHOOL, nothing.sha256, nothing.path)
    assert storage.size(SCHOOL, nothing.sha256) == 0
    assert everything(storage, nothing.sha256) == b""


def test_putting_again_changes_nothing_and_consumes_the_second_source(
    storage: Storage, upload: Uploads
) -> None:
    first, second = upload(b"same"), upload(b"same")
    storage.put(SCHOOL, first.sha256, first.path)
    storage.put(SCHOOL, second.sha256, second.path)
    assert everything(storage, first.sha256) == b"same"
    assert not second.path.exists()
    assert list(storage.digests(SCHOOL)) == [first.sha256]


def test_existing_bytes_are_never_overwritten(storage: Storage, upload: Uploads) -> None:
    original, forged = upload(b"original"), upload(b"forged, and longer")
    storage.put(SCHOOL, original.sha256, original.path)
    with pytest.raises(BlobDamaged):
        storage.put(SCHOOL, original.sha256, forged.path)
    assert everything(storage, original.sha256) == b"original"
    assert forged.path.read_bytes() == b"forged, and longer", "the refused source stays with the caller"


def test_a_source_that_is_not_there_stores_nothing(storage: Storage, upload: Uploads) -> None:
    gone = upload(b"gone")
    gone.path.unlink()
    with pytest.raises(FileNotFoundError):
        storage.put(SCHOOL, gone.sha256, gone.path)
    assert not storage.exists(SCHOOL, gone.sha256)


def test_missing_bytes_are_named(storage: Storage, upload: Uploads) -> None:
    digest = upload(b"never put").sha256
    assert storage.size(SCHOOL, digest) is None
    assert not storage.exists(SCHOOL, digest)
    for start, end in [(0, None), (2, 5), (3, 3)]:
        with pytest.raises(BlobMissing) as refused:
            storage.open(SCHOOL, digest, start, end)
        assert (refused.value.school_id, refused.value.sha256) == (SCHOOL, digest)


def test_deleting_is_final_and_may_be_repeated(storage: Storage, upload: Uploads) -> None:
    trash = upload(b"trash")
    storage.put(SCHOOL, trash.sha256, trash.path)
    storage.delete(SCHOOL, trash.sha256)
    storage.delete(SCHOOL, trash.sha256)
    assert not storage.exists(SCHOOL, trash.sha256)
    assert list(storage.digests(SCHOOL)) == []
    assert list(storage.schools()) == []


def test_schools_share_nothing(storage: Storage, upload: Uploads) -> None:
    ours, theirs = upload(b"the same plan"), upload(b"the same plan")
    storage.put(SCHOOL, ours.sha256, ours.path)
    assert not storage.exists(OTHER_SCHOOL, ours.sha256)
    with pytest.raises(BlobMissing):
        storage.open(OTHER_SCHOOL, ours.sha256)
    storage.put(OTHER_SCHOOL, theirs.sha256, theirs.path)
    storage.delete(SCHOOL, ours.sha256)
    assert everything(storage, theirs.sha256, OTHER_SCHOOL) == b"the same plan"


def test_everything_stored_is_listed(storage: Storage, upload: Uploads) -> None:
    ours = [upload(f"file {number}".encode()) for number in range(3)]
    theirs = upload(b"theirs")
    for blob in ours:
        storage.put(SCHOOL, blob.sha256, blob.path)
    storage.put(70, theirs.sha256, theirs.path)
    assert list(storage.digests(SCHOOL)) == sorted(blob.sha256 for blob in ours)
    assert list(storage.digests(70)) == [theirs.sha256]
    assert list(storage.digests(71)) == []
    assert sorted(storage.schools()) == [SCHOOL, 70]


def test_the_same_file_put_by_many_at_once_is_stored_once(storage: Storage, upload: Uploads) -> None:
    content = os.urandom(200_000)
    copies = [upload(content) for _ in range(6)]
    start, failures = threading.Barrier(len(copies)), []

    def put(blob: Upload) -> None:
        start.wait()
        try:
            storage.put(SCHOOL, blob.sha256, blob.path)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=put, args=(blob,)) for blob in copies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert everything(storage, copies[0].sha256) == content
    assert list(storage.digests(SCHOOL)) == [copies[0].sha256]


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n", "a/" * 32])
def test_only_a_digest_is_a_key(storage: Storage, tmp_path: Path, digest: str) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x")
    for attempt in (
        lambda: storage.put(SCHOOL, digest, source),
        lambda: storage.open(SCHOOL, digest),
        lambda: storage.size(SCHOOL, digest),
        lambda: storage.delete(SCHOOL, digest),
    ):
        with pytest.raises(ValueError, match="SHA-256"):
            attempt()


@pytest.mark.parametrize("school", [-1, "7", "../8", None, True, 1.0])
def test_only_a_whole_number_is_a_school(storage: Storage, school: object) -> None:
    with pytest.raises(ValueError, match="school id"):
        storage.exists(school, "a" * 64)  # type: ignore[arg-type]


def test_a_working_storage_is_healthy(storage: Storage) -> None:
    storage.healthy()


# Signed addresses: S3 only, as a local file is served by the application itself.


def signed(storage: Storage, blob: Upload, media_type: str = "application/pdf", seconds: int = 60) -> str:
    expires = timedelta(seconds=seconds)
    url = storage.presign(
        SCHOOL, blob.sha256, filename="2023年党支部会议记录.pdf", media_type=media_type, expires=expires
    )
    assert url is not None
    return url


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        return refusal.code


def test_a_signed_url_gives_the_bytes_under_their_name(s3: Storage, upload: Uploads) -> None:
    minutes = upload(b"%PDF-1.7 minutes")
    s3.put(SCHOOL, minutes.sha256, minutes.path)
    with urllib.request.urlopen(signed(s3, minutes), timeout=10) as answer:
        assert answer.read() == b"%PDF-1.7 minutes"
        assert answer.headers["Content-Type"] == "application/pdf"
        disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith("inline")
    assert "filename*=UTF-8''2023%E5%B9%B4%E5%85%9A" in disposition


def test_a_signed_url_only_downloads_what_a_browser_must_not_show(s3: Storage, upload: Uploads) -> None:
    sheet = upload(b"PK\x03\x04")
    s3.put(SCHOOL, sheet.sha256, sheet.path)
    with urllib.request.urlopen(signed(s3, sheet, "application/vnd.ms-excel"), timeout=10) as answer:
        assert answer.headers["Content-Disposition"].startswith("attachment")


def test_a_signed_url_opens_nothing_else(s3: Storage, upload: Uploads) -> None:
    mine, other = upload(b"mine"), upload(b"other")
    for blob in (mine, other):
        s3.put(SCHOOL, blob.sha256, blob.path)
    url = signed(s3, mine)
    assert status_of(url) == 200
    assert status_of(url.replace(mine.sha256, other.sha256)) == 403
    assert status_of(url.replace("X-Amz-Expires=60", "X-Amz-Expires=61")) == 403
    assert status_of(url.split("?")[0]) in (400, 401, 403), "unsigned"
    start, signature = url.split("X-Amz-Signature=")
    forged = ("0" if signature[0] != "0" else "1") + signature[1:]
    assert status_of(f"{start}X-Amz-Signature={forged}") == 403


def test_a_signed_url_expires(s3: Storage, upload: Uploads) -> None:
    brief = upload(b"brief")
    s3.put(SCHOOL, brief.sha256, brief.path)
    url = signed(s3, brief, seconds=1)
    time.sleep(2.1)
    assert status_of(url) == 403


def test_a_signed_url_lives_at_most_a_week(s3: Storage, upload: Uploads) -> None:
    for seconds in (0, 8 * 24 * 3600):
        with pytest.raises(ValueError, match="seven days"):
            signed(s3, upload(b"x"), seconds=seconds)


def test_local_storage_gives_a_path_and_no_signed_url(local: Storage, upload: Uploads) -> None:
    plan = upload(b"plan")
    local.put(SCHOOL, plan.sha256, plan.path)
    path = local.local_path(SCHOOL, plan.sha256)
    assert path is not None
    assert path.read_bytes() == b"plan"
    hour = timedelta(hours=1)
    assert local.presign(SCHOOL, plan.sha256, filename="a", media_type="b", expires=hour) is None
    with pytest.raises(BlobMissing):
        local.local_path(OTHER_SCHOOL, plan.sha256)


def test_s3_storage_gives_no_path(s3: Storage) -> None:
    assert s3.local_path(SCHOOL, "a" * 64) is None


# What S3 storage says when the server refuses or is away.


def test_a_bucket_that_does_not_exist_is_named(
    s3_server: SwiftS3Server, bucket: Bucket, tmp_path: Path
) -> None:
    storage = from_url(s3_server.storage_url("no-such-bucket"), tmp_path)
    with pytest.raises(StorageUnavailable, match=r"no-such-bucket: NoSuchBucket: .*create it first"):
        storage.healthy()


def test_a_wrong_secret_is_named(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret")
    storage = from_url(bucket.url, tmp_path)
    with pytest.raises(StorageUnavailable, match="AWS_SECRET_ACCESS_KEY does not belong") as refused:
        storage.healthy()
    assert "not-the-secret" not in str(refused.value)


def test_a_server_that_is_away_is_not_taken_for_missing_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, upload: Uploads
) -> None:
    for name, value in {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}.items():
        monkeypatch.setenv(name, value)
    storage = from_url("s3://bucket?endpoint=http://127.0.0.1:9", tmp_path)
    waiting = upload(b"kept until storage is back")
    with pytest.raises(StorageUnavailable, match=r"127\.0\.0\.1:9"):
        storage.put(SCHOOL, waiting.sha256, waiting.path)
    with pytest.raises(StorageUnavailable):
        storage.exists(SCHOOL, waiting.sha256)
    assert waiting.path.exists()


def test_two_prefixes_of_one_bucket_are_apart(
    s3_server: SwiftS3Server, bucket: Bucket, tmp_path: Path, upload: Uploads
) -> None:
    first = from_url(s3_server.storage_url(bucket.name, "first"), tmp_path)
    bare = from_url(s3_server.storage_url(bucket.name), tmp_path)
    blob = upload(b"in the first")
    first.put(SCHOOL, blob.sha256, blob.path)
    assert list(first.schools()) == [SCHOOL]
    assert list(bare.schools()) == []
    assert list(bare.digests(SCHOOL)) == []
