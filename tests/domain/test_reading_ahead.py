"""Files read ahead of their turn are the same bytes, and what is wrong with one is said by its title."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest

from portfolio.documents.archive import ahead
from portfolio.documents.archive.ahead import ReadAhead
from portfolio.documents.archive.entries import Kept
from portfolio.errors import DomainError
from portfolio.storage.local import LocalStorage

SCHOOL = 1


@pytest.fixture
def store(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "files")


def keep(store: LocalStorage, folder: Path, data: bytes) -> Kept:
    source = folder / "upload"
    source.write_bytes(data)
    sha256 = hashlib.sha256(data).hexdigest()
    store.put(SCHOOL, sha256, source)
    return Kept(sha256, f"材料{sha256[:4]}")


def reading(store: LocalStorage, contents: list[bytes], folder: Path) -> ReadAhead:
    files = [keep(store, folder, data) for data in contents]
    return ReadAhead(store, SCHOOL, files, [len(data) for data in contents])


def test_small_and_large_files_come_whole_and_in_order(store: LocalStorage, tmp_path: Path) -> None:
    sizes = [10, ahead.WHOLE + 1, 20_000, ahead.WHOLE, ahead.WHOLE, ahead.WHOLE, 1, 3 * ahead.WHOLE, 5]
    contents = [os.urandom(size) for size in sizes]
    read = reading(store, contents, tmp_path)
    for _time in range(2):
        with read.running():
            assert [b"".join(read.pieces(number)) for number in range(len(sizes))] == contents
    assert b"".join(read.pieces(1)) == contents[1]


@pytest.mark.parametrize("size", [1000, ahead.WHOLE + 1000])
def test_a_changed_file_is_named(store: LocalStorage, tmp_path: Path, size: int) -> None:
    contents = [os.urandom(size) for _ in range(3)]
    read = reading(store, contents, tmp_path)
    path = store.local_path(SCHOOL, read.files[1].sha256)
    assert path is not None
    path.chmod(0o644)
    path.write_bytes(os.urandom(size))
    with read.running():
        assert b"".join(read.pieces(0)) == contents[0]
        with pytest.raises(DomainError) as refused:
            list(read.pieces(1))
    assert (refused.value.code, refused.value.context["title"]) == ("bytes_changed", read.files[1].title)


def test_whoever_stops_listening_leaves_no_thread_behind(store: LocalStorage, tmp_path: Path) -> None:
    read = reading(store, [os.urandom(100_000) for _ in range(50)], tmp_path)
    before = threading.active_count()
    with read.running():
        next(iter(read.pieces(0)))
    assert threading.active_count() == before
