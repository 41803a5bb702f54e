"""With the real LibreOffice and the real tesseract, where they are installed."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pylopdf_fonts_zh_cn
import pytest
from PIL import Image, ImageDraw, ImageFont

from portfolio.derive import Derived, ocr, office
from tests.derive.samples import DOCX, PPTX, XLSX, encoded, slides, word, workbook
from tests.fixtures_servers import absent

Made = Callable[..., Derived]
PATH = "/usr/local/bin:/usr/bin:/bin"


@pytest.fixture
def libreoffice(bare_machine: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """LibreOffice on the PATH."""
    monkeypatch.setenv("PATH", PATH)
    if not office.available():
        absent("LibreOffice", "there is no soffice on the PATH")


@pytest.fixture
def tesseract(bare_machine: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """tesseract with simplified Chinese on the PATH."""
    monkeypatch.setenv("PATH", PATH)
    ocr.available.cache_clear()
    if not ocr.available():
        missing = "chi_sim is not installed" if shutil.which("tesseract") else "it is not on the PATH"
        absent("Text recognition", missing)


@pytest.mark.usefixtures("libreoffice")
@pytest.mark.parametrize(
    ("content", "media_type", "words"),
    [
        (word("教代会审议绩效工资方案"), DOCX, "教代会审议绩效工资方案"),
        (workbook(经费=[["项目", "金额"], ["图书", 12000]]), XLSX, "图书"),
        (slides(("三年发展规划", "目标与任务")), PPTX, "三年发展规划"),
    ],
    ids=["docx", "xlsx", "pptx"],
)
def test_office_files_get_pages_as_images_and_their_text(
    made: Made, content: bytes, media_type: str, words: str
) -> None:
    derived = made(content, media_type)
    assert derived.notes == ()
    assert {image.kind for image in derived.images} == {"page", "page_large", "thumbnail"}
    assert words in "".join(page.text for page in derived.pages)


@pytest.mark.usefixtures("tesseract")
def test_a_scanned_certificate_in_chinese_is_read(made: Made) -> None:
    picture = Image.new("RGB", (1500, 700), "white")
    font = ImageFont.truetype(str(pylopdf_fonts_zh_cn.serif_path()), 48)
    ImageDraw.Draw(picture).multiline_text(
        (100, 100), "优秀教师荣誉证书\n经教职工代表大会审议通过", font=font, fill="black", spacing=24
    )
    derived = made(encoded(picture, "PDF", resolution=150), "application/pdf")
    assert derived.text_source == "ocr"
    assert "教职工代表大会" in "".join(page.text for page in derived.pages)
