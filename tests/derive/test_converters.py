"""LibreOffice and tesseract are used where the machine has them; stand-ins play their part here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portfolio.derive import Derived, Failure, Limits, PageText, ocr, office
from tests.derive.samples import DOCX, PPTX, encoded, pdf, raw_pdf, scene, slides, word

Made = Callable[..., Derived]
Attempt = Callable[..., Derived | Failure]
TABLE = (
    "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"
    "4\t1\t1\t1\t1\t0\t9\t9\t9\t9\t-1\t\n"
    "5\t1\t1\t1\t1\t1\t9\t9\t9\t9\t96.1\t荣誉\n"
    "5\t1\t1\t1\t1\t2\t9\t9\t9\t9\t91\t证书\n"
    "5\t1\t1\t1\t1\t3\t9\t9\t9\t9\t12\t灬彡\n"
    "5\t1\t1\t1\t2\t1\t9\t9\t9\t9\t88\t张老师\n"
)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Puts a shell script on the PATH, which holds nothing else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    ocr.available.cache_clear()

    def put(name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (folder / name).chmod(0o755)

    yield put
    ocr.available.cache_clear()


def tesseract(tmp_path: Path, reading: str = "") -> str:
    table = tmp_path / "table.tsv"
    table.write_text(TABLE, encoding="utf-8")
    act = reading or f"/bin/cat > /dev/null; /bin/cat {table}"
    return f'if [ "$1" = --list-langs ]; then echo chi_sim; echo eng; else {act}; fi'


def soffice(tmp_path: Path, made: bytes) -> str:
    """Puts a PDF where it was told to, if it finds its file and its own profile."""
    result = tmp_path / "result.pdf"
    result.write_bytes(made)
    return (
        'for last; do :; done; while [ "$1" != --outdir ]; do\n'
        'case "$1" in -env:UserInstallation=file://*) profile="${1#*file://}";; esac; shift; done\n'
        '[ -s "$profile/user/registrymodifications.xcu" ] && [ -s "$last" ] || exit 9\n'
        f'/bin/cp {result} "$2/document.pdf"'
    )


def test_without_them_neither_is_available(programs: object) -> None:
    assert not ocr.available()
    assert not office.available()


def test_tesseract_without_chinese_is_no_help(programs: Callable[[str, str], None]) -> None:
    programs("tesseract", "echo eng")
    assert not ocr.available()


def test_a_scanned_page_is_read_and_marked_as_such(
    made: Made, programs: Callable[[str, str], None], tmp_path: Path
) -> None:
    programs("tesseract", tesseract(tmp_path))
    assert ocr.available()
    derived = made(encoded(scene(), "PDF"), "application/pdf")
    assert derived.pages == (PageText(1, "荣誉证书\n张老师"),)
    assert derived.text_source == "ocr"
    assert derived.notes == ()


def test_a_picture_is_read_and_pages_with_text_or_without_anything_are_not(
    made: Made, programs: Callable[[str, str], None], tmp_path: Path
) -> None:
    programs("tesseract", tesseract(tmp_path))
    assert made(encoded(scene(), "JPEG"), "image/jpeg").pages == (PageText(1, "荣誉证书\n张老师"),)
    assert made(pdf("有字"), "application/pdf").text_source == "layer"
    assert made(raw_pdf(b""), "application/pdf").text_source == "none"


def test_a_reading_that_fails_leaves_the_page_images(
    made: Made, programs: Callable[[str, str], None], tmp_path: Path
) -> None:
    programs("tesseract", tesseract(tmp_path, "exit 1"))
    derived = made(encoded(scene(), "PDF"), "application/pdf")
    assert derived.notes == ("ocr_failed",)
    assert len(derived.images) == 3


def test_office_files_come_out_as_the_pages_libreoffice_makes(
    made: Made, programs: Callable[[str, str], None], tmp_path: Path
) -> None:
    programs("soffice", soffice(tmp_path, pdf("第一页", "第二页")))
    assert office.available()
    for content, media_type in ((word("甲"), DOCX), (b"\xd0\xcf\x11\xe0", "application/msword")):
        derived = made(content, media_type)
        assert derived.page_count == 2
        assert [page.text for page in derived.pages] == ["第一页", "第二页"]
        assert len(derived.images) == 5
        assert derived.notes == ()


def test_a_conversion_that_fails_leaves_the_text(
    made: Made, attempt: Attempt, programs: Callable[[str, str], None]
) -> None:
    programs("soffice", "echo no >&2; exit 1")
    derived = made(slides(("教研", "备注")), PPTX)
    assert derived.notes == ("office_failed",)
    assert derived.pages[0].text.startswith("教研")
    failure = attempt(b"\xd0\xcf\x11\xe0", "application/msword")
    assert failure == Failure("unreadable", "no\n")


def test_a_conversion_without_end_leaves_the_text_and_time_for_it(
    made: Made, programs: Callable[[str, str], None], tmp_path: Path
) -> None:
    programs("soffice", "exec /bin/sleep 60")
    derived = made(word("甲"), DOCX, limits=Limits(seconds=6))
    assert derived.notes == ("office_failed",)
    assert derived.pages[0].text == "甲"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin", "out", "stored"]
    assert list((tmp_path / "out").iterdir()) == []
