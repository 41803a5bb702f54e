"""The ZIP we write, read by programs that aren't ours."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from portfolio.documents.archive import zipping
from portfolio.documents.archive.zipping import Member, SizeChanged, Zip
from tests.fixtures_servers import absent

AT = datetime(2026, 9, 30, 8, 15, 30, tzinfo=UTC)
FILES = {
    "申报包/读我.txt": "您好".encode(),
    "申报包/A1/001 升旗😀仪式.pdf": b"%PDF-" + b"x" * 5000,
    "申报包/plain.txt": b"plain",
    "申报包/empty.txt": b"",
}


def made(files: dict[str, bytes] = FILES) -> Zip:
    return Zip([Member(name, len(data), partial(_once, data)) for name, data in files.items()], at=AT)


def _once(data: bytes) -> list[bytes]:
    return [data]


def program(name: str) -> str:
    found = shutil.which(name)
    return found or absent(name, f"{name} is not on PATH (Debian: p7zip-full, unzip)")


def by_python(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        opened.extractall(folder)


def by_7z(archive: Path, folder: Path) -> None:
    subprocess.run([program("7z"), "x", f"-o{folder}", str(archive)], check=True, capture_output=True)


def by_unzip(archive: Path, folder: Path) -> None:
    command = [program("unzip"), "-q", str(archive), "-d", str(folder)]
    subprocess.run(command, check=True, capture_output=True, env={"LC_ALL": "C.UTF-8"})


PROGRAMS = [by_python, by_7z, by_unzip]
Unpack = Callable[[Path, Path], None]


def check(written: Zip, unpack: Unpack, folder: Path, files: dict[str, bytes]) -> None:
    archive = folder / "a.zip"
    archive.write_bytes(b"".join(written))
    assert archive.stat().st_size == len(written)
    unpack(archive, folder / "out")
    found = {
        path.relative_to(folder / "out").as_posix(): path.read_bytes()
        for path in (folder / "out").rglob("*")
        if path.is_file()
    }
    assert found == files


@pytest.mark.parametrize("unpack", PROGRAMS)
def test_it_unpacks_with_its_chinese_names(unpack: Unpack, tmp_path: Path) -> None:
    check(made(), unpack, tmp_path, FILES)


@pytest.mark.parametrize("unpack", PROGRAMS)
def test_it_unpacks_where_sizes_and_places_need_64_bits(
    unpack: Unpack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipping, "FROM_64", 1000)  # as if four gigabytes were this little
    check(made(), unpack, tmp_path, FILES)


def test_it_holds_more_files_than_16_bits_count(tmp_path: Path) -> None:
    files = {f"f/{number}": b"" for number in range(70_000)}
    written = b"".join(made(files))
    with zipfile.ZipFile(io.BytesIO(written)) as opened:
        assert len(opened.namelist()) == 70_000
    assert len(written) == len(made(files))


def test_it_is_the_same_bytes_every_time_with_the_date_it_was_given() -> None:
    archive = made()
    assert b"".join(archive) == b"".join(archive)
    with zipfile.ZipFile(io.BytesIO(b"".join(archive))) as opened:
        assert {info.date_time for info in opened.infolist()} == {(2026, 9, 30, 16, 15, 30)}  # in Beijing
        assert {info.flag_bits & 0x800 for info in opened.infolist()} == {0x800}  # names in UTF-8


def test_a_member_of_another_size_than_announced_ends_it() -> None:
    with pytest.raises(SizeChanged, match=r"a\.txt: 3 bytes instead of 5"):
        b"".join(Zip([Member("a.txt", 5, lambda: [b"abc"])], at=AT))
