"""What local storage does with files, folders and a disk that is full."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import time
from pathlib import Path
from typing import IO

import pytest

from portfolio.storage import StorageFull
from portfolio.storage.local import LocalStorage

CONTENT = b"minutes of the meeting"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "files")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "upload"
    path.write_bytes(CONTENT)
    return path


def every_file(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_stored_file_is_read_only_and_seekable(storage: LocalStorage, source: Path) -> None:
    storage.put(1, DIGEST, source)
    (stored,) = every_file(storage.root)
    assert stat.S_IMODE(stored.stat().st_mode) == 0o444
    with storage.open(1, DIGEST) as file:
        file.seek(11)
        assert file.read() == b"the meeting"


def test_a_range_can_be_sought_within(storage: LocalStorage, source: Path) -> None:
    storage.put(1, DIGEST, source)
    with storage.open(1, DIGEST, 8, 14) as part:
        assert part.seekable()
        assert part.read() == b"of the"
        part.seek(-3, os.SEEK_END)
        assert part.read() == b"the"
        part.seek(0)
        assert part.read(2) == b"of"
        assert part.tell() == 2


def test_a_file_of_the_same_file_system_is_not_copied(storage: LocalStorage, source: Path) -> None:
    inode = source.stat().st_ino
    storage.put(1, DIGEST, source)
    (stored,) = every_file(storage.root)
    assert stored.stat().st_ino == inode
    assert stored.stat().st_nlink == 1


def test_a_file_with_a_second_name_is_copied_so_that_nobody_can_alter_it(
    storage: LocalStorage, source: Path, tmp_path: Path
) -> None:
    second = tmp_path / "second name"
    os.link(source, second)
    storage.put(1, DIGEST, source)
    second.write_bytes(b"altered")
    with storage.open(1, DIGEST) as file:
        assert file.read() == CONTENT
    assert not source.exists()


def test_a_link_is_followed_and_only_the_link_consumed(
    storage: LocalStorage, source: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(source)
    storage.put(1, DIGEST, link)
    assert not link.is_symlink()
    assert source.read_bytes() == CONTENT
    (stored,) = every_file(storage.root)
    assert not stored.is_symlink()


def test_a_full_disk_leaves_nothing_behind_and_the_source_in_place(
    storage: LocalStorage, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.link(source, tmp_path / "second name")  # so that it has to be copied

    def run_out_of_room(original: IO[bytes], copy: IO[bytes], length: int = 0) -> None:
        copy.write(original.read(5))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shutil, "copyfileobj", run_out_of_room)
    with pytest.raises(StorageFull):
        storage.put(1, DIGEST, source)
    assert every_file(storage.root) == []
    assert source.read_bytes() == CONTENT
    monkeypatch.undo()
    storage.put(1, DIGEST, source)
    assert storage.exists(1, DIGEST)


def test_the_copy_of_a_killed_process_is_removed_after_a_day(tmp_path: Path) -> None:
    root = tmp_path / "files"
    LocalStorage(root)
    old, fresh = root / ".arriving" / "old", root / ".arriving" / "fresh"
    for path in (old, fresh):
        path.write_bytes(b"half a fi")
    os.utime(old, (time.time() - 90_000,) * 2)
    LocalStorage(root)
    assert not old.exists()
    assert fresh.exists()


def test_foreign_files_in_the_folder_are_not_listed(storage: LocalStorage, source: Path) -> None:
    storage.put(1, DIGEST, source)
    (storage.root / "README").write_text("not ours")
    (storage.root / "1" / "notes.txt").write_text("not ours")
    (storage.root / "1" / DIGEST[:2] / "thumbs.db").write_text("not ours")
    (storage.root / "lost+found").mkdir()
    assert list(storage.schools()) == [1]
    assert list(storage.digests(1)) == [DIGEST]
