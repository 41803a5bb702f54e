"""`portfolio suggest`: titles in, elements out."""

from __future__ import annotations

import subprocess

from tests.cli.conftest import PROGRAM


def suggest(titles: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [str(PROGRAM), "suggest", *arguments]
    return subprocess.run(command, input=titles, capture_output=True, check=False, timeout=60)


def test_each_title_comes_back_with_its_codes_best_first() -> None:
    done = suggest("教代会会议记录.pdf\r\n\n学生\t社团.jpg\nIMG_2041.jpg".encode())
    assert done.returncode == 0
    lines = [line.split("\t") for line in done.stdout.decode().splitlines()]
    assert [title for title, _ in lines] == ["教代会会议记录.pdf", "学生 社团.jpg", "IMG_2041.jpg"]
    firsts = [codes.split(",") for _, codes in lines]
    assert [codes[0] for codes in firsts] == ["C14", "C53", ""]
    assert max(map(len, firsts)) <= 3


def test_it_prints_as_many_codes_as_asked_for() -> None:
    done = suggest("德育与安全教育工作计划".encode(), "--limit", "1")
    codes = done.stdout.decode().rstrip().split("\t")[1]
    assert codes in {"C49", "C74", "C75"}


def test_what_is_not_utf_8_is_no_reason_to_stop() -> None:
    done = suggest("教代会".encode("gbk") + b"\n" + "食堂".encode())
    assert done.returncode == 0
    assert done.stdout.decode().splitlines()[1].startswith("食堂\tC69")


def test_an_unknown_rubric_is_said_so() -> None:
    done = suggest(b"", "--name", "nowhere")
    assert done.returncode == 2
    assert b"no rubric named 'nowhere'" in done.stderr
