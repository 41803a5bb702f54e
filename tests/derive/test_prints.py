"""Prints of files: the same for the same text in another format and the same picture in another size."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageFilter

from portfolio.derive import Derived, Limits, derive
from portfolio.derive.prints import SAME_LOOK, differing_bits, look_of, text_print
from tests.derive.samples import DOCX, encoded, pdf, scene, word

TEXT = "本校党支部本学期召开支部会议六次，研究教育教学工作，落实第一议题制度，会议记录完整，按月归档备查。"


def derived(folder: Path, content: bytes, media_type: str) -> Derived:
    folder.mkdir()
    source = folder / "source"
    source.write_bytes(content)
    made = derive(source, media_type, folder / "out", Limits())
    assert isinstance(made, Derived)
    return made


def test_a_document_and_its_pdf_have_one_print(tmp_path: Path) -> None:
    files = {"word": (word(TEXT), DOCX), "pdf": (pdf(TEXT), "application/pdf")}
    prints = {
        text_print(page.text for page in derived(tmp_path / name, *file).pages)
        for name, file in files.items()
    }
    assert len(prints) == 1
    assert None not in prints
    assert text_print([TEXT + "补充一句"]) not in prints


@pytest.mark.parametrize("text", ["", "签到表", "。，！？" * 50])
def test_too_little_text_has_no_print(text: str) -> None:
    assert text_print([text]) is None


def test_a_picture_scaled_and_saved_anew_looks_the_same(tmp_path: Path) -> None:
    large = scene(1200, 900)
    small = large.resize((400, 300))
    looks = [
        derived(tmp_path / "large", encoded(large, "PNG"), "image/png").look,
        derived(tmp_path / "small", encoded(small, "JPEG", quality=60), "image/jpeg").look,
    ]
    assert looks[0] is not None
    assert looks[1] is not None
    assert differing_bits(looks[0], looks[1]) <= SAME_LOOK
    turned = look_of(large.rotate(180).filter(ImageFilter.BLUR))
    assert turned is not None
    assert differing_bits(looks[0], turned) > SAME_LOOK


def test_a_picture_of_one_colour_looks_like_nothing() -> None:
    assert look_of(Image.new("RGB", (600, 400), "white")) is None
