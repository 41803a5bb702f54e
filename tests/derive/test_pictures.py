"""Pictures come out small, upright and dated, with a copy that tells neither place nor device."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pillow_heif  # type: ignore[import-untyped]
import pytest
from PIL import Image, ImageChops, ImageOps, PngImagePlugin

from portfolio.derive import Derived, Limits
from tests.derive.samples import (
    EXIF_FOLDER,
    GPS_FOLDER,
    MODEL,
    ORIENTATION,
    TAKEN,
    encoded,
    heic,
    phone_exif,
    png_chunk,
    scene,
)

Made = Callable[..., Derived]
OWNER = b"Wang Fang"


def photo(orientation: int = 1, *, size: tuple[int, int] = (2400, 1800), **options: object) -> bytes:
    return encoded(
        scene(*size), "JPEG", quality=88, exif=phone_exif(orientation=orientation), comment=OWNER, **options
    )


def scan_of(jpeg: bytes) -> bytes:
    """Everything from the quantisation tables to the end of the image."""
    return jpeg[jpeg.index(b"\xff\xdb") :]


def test_a_photo_is_drawn_in_two_widths_and_as_thumbnail(made: Made) -> None:
    derived = made(photo(), "image/jpeg")
    assert [(image.kind, image.width, image.height) for image in derived.images] == [
        ("page_large", 1600, 1200), ("page", 900, 675), ("thumbnail", 320, 240),
    ]  # fmt: skip
    assert derived.page_count == 1
    assert derived.notes == ("ocr_absent",)
    for image in derived.images:
        with Image.open(image.path) as drawn:
            assert drawn.size == (image.width, image.height)
            assert not drawn.getexif()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_drawn_upright_however_it_was_held(made: Made, orientation: int) -> None:
    derived = made(photo(orientation, size=(640, 400)), "image/jpeg")
    marked = scene(640, 400)
    marked.getexif()[ORIENTATION] = orientation
    upright = ImageOps.exif_transpose(marked)
    (page,) = (image for image in derived.images if image.kind == "page")
    with Image.open(page.path) as drawn:
        assert drawn.size == upright.size
        assert mean_difference(drawn.convert("RGB"), upright) < 12


def mean_difference(first: Image.Image, second: Image.Image) -> float:
    histogram = ImageChops.difference(first, second).convert("L").histogram()
    return sum(value * count for value, count in enumerate(histogram)) / sum(histogram)


def test_a_tall_photo_of_a_phone_is_as_wide_as_promised(made: Made) -> None:
    derived = made(photo(6), "image/jpeg")
    (large,) = (image for image in derived.images if image.kind == "page_large")
    assert (large.width, large.height) == (1600, 2133)


def test_a_small_picture_is_not_blown_up(made: Made) -> None:
    derived = made(encoded(scene(200, 100), "PNG"), "image/png")
    assert [(image.kind, image.width) for image in derived.images] == [("page", 200), ("thumbnail", 200)]


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        ("2024:09:12 10:20:30", date(2024, 9, 12)),
        ("0000:00:00 00:00:00", None),
        ("2024:13:40 10:20:30", None),
        ("    :  :     :  :  ", None),
        ("", None),
    ],
)
def test_the_day_is_that_of_the_shutter_where_the_camera_knew_it(
    made: Made, taken: str, expected: date | None
) -> None:
    file = encoded(scene(), "JPEG", exif=phone_exif(taken=taken))
    assert made(file, "image/jpeg").taken_at == expected


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("orientation", [1, 6])
def test_the_public_copy_of_a_jpeg_keeps_every_byte_of_the_image_and_no_word_of_its_owner(
    made: Made, orientation: int, progressive: bool
) -> None:
    file = photo(orientation, progressive=progressive)
    assert OWNER in file
    public = read(made(file, "image/jpeg").public_copy)
    assert scan_of(public) == scan_of(file)
    assert OWNER not in public
    exif = Image.open(io.BytesIO(public)).getexif()
    assert dict(exif) == ({ORIENTATION: 6} if orientation == 6 else {})
    assert not exif.get_ifd(GPS_FOLDER)
    assert not exif.get_ifd(EXIF_FOLDER)


def read(path: Path | None) -> bytes:
    assert path is not None
    return path.read_bytes()


def test_the_public_copy_of_a_jpeg_loses_xmp_iptc_previews_and_what_lies_behind_its_end(made: Made) -> None:
    plain_file = encoded(scene(), "JPEG")
    hidden = (
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + OWNER)
        + segment(0xED, b"Photoshop 3.0\0" + OWNER)
        + segment(0xE0, b"JFXX\0\x10" + OWNER)
        + segment(0xE2, b"MPF\0" + OWNER)
        + segment(0xEB, OWNER)
    )
    profile = segment(0xE2, b"ICC_PROFILE\0\x01\x01colours")
    file = plain_file[:20] + hidden + profile + plain_file[20:] + photo()
    public = read(made(file, "image/jpeg").public_copy)
    assert OWNER not in public
    assert public == plain_file[:20] + profile + plain_file[20:]


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content


def test_a_preview_in_the_jfif_header_goes_too(made: Made) -> None:
    plain_file = encoded(scene(), "JPEG")
    preview = b"\xff" * 12
    jfif = b"JFIF\0\x01\x01\0\0\x01\0\x01\x02\x02" + preview
    public = read(made(plain_file[:2] + segment(0xE0, jfif) + plain_file[20:], "image/jpeg").public_copy)
    assert public[:20] == plain_file[:2] + segment(0xE0, jfif[:12] + b"\0\0")


def test_the_public_copy_of_a_png_keeps_its_points_and_orientation_alone(made: Made) -> None:
    remarks = PngImagePlugin.PngInfo()
    remarks.add_text("Author", OWNER.decode())
    remarks.add_itxt("Place", OWNER.decode())
    file = encoded(scene(), "PNG", exif=phone_exif(orientation=8), pnginfo=remarks) + OWNER
    public = read(made(file, "image/png").public_copy)
    assert OWNER not in public
    assert b"Huawei" not in public
    copy = Image.open(io.BytesIO(public))
    assert dict(copy.getexif()) == {ORIENTATION: 8}
    assert ImageChops.difference(copy, scene()).getbbox() is None


def test_chunks_that_nobody_knows_are_left_out_of_a_png(made: Made) -> None:
    file = encoded(scene(), "PNG")
    with_more = file[:-12] + png_chunk(b"prVt", OWNER) + file[-12:]
    assert read(made(with_more, "image/png").public_copy) == file


@pytest.mark.parametrize("lossless", [False, True])
def test_the_public_copy_of_a_webp_keeps_its_points_and_orientation_alone(made: Made, lossless: bool) -> None:
    file = encoded(scene(), "WEBP", lossless=lossless, exif=phone_exif(orientation=3), xmp=b"<x>" + OWNER)
    public = read(made(file, "image/webp").public_copy)
    assert OWNER not in public
    copy, original = Image.open(io.BytesIO(public)), Image.open(io.BytesIO(file))
    assert dict(copy.getexif()) == {ORIENTATION: 3}
    assert "xmp" not in copy.info
    assert ImageChops.difference(copy.convert("RGB"), original.convert("RGB")).getbbox() is None
    plain_file = encoded(scene(), "WEBP", lossless=lossless)
    assert read(made(plain_file, "image/webp").public_copy) == plain_file


def test_the_public_copy_of_a_gif_moves_as_before_without_remarks(made: Made) -> None:
    frames = [scene(64, 48).quantize(16), scene(48, 64).resize((64, 48)).quantize(16)]
    file = encoded(
        frames[0], "GIF", save_all=True, append_images=frames[1:], duration=[80, 120], loop=0, comment=OWNER
    )
    public = read(made(file, "image/gif").public_copy)
    assert OWNER in file
    assert OWNER not in public
    copy, original = Image.open(io.BytesIO(public)), Image.open(io.BytesIO(file))
    assert (getattr(copy, "n_frames", 1), copy.info["loop"], copy.info["duration"]) == (2, 0, 80)
    copy.seek(1)
    original.seek(1)
    assert copy.info["duration"] == 120
    assert ImageChops.difference(copy.convert("RGB"), original.convert("RGB")).getbbox() is None


def test_the_public_copy_of_a_heic_is_an_upright_jpeg_that_knows_nothing(made: Made) -> None:
    file = heic(scene(640, 400), phone_exif(orientation=6))
    assert OWNER in file
    derived = made(file, "image/heic")
    assert derived.taken_at == date(2024, 9, 12)
    public = read(derived.public_copy)
    assert OWNER not in public
    copy = Image.open(io.BytesIO(public))
    assert copy.format == "JPEG"
    assert not copy.getexif()
    pillow_heif.register_heif_opener()
    assert copy.size == (400, 640) == ImageOps.exif_transpose(Image.open(io.BytesIO(file))).size
    (page,) = (image for image in derived.images if image.kind == "page")
    assert (page.width, page.height) == (400, 640)


@pytest.mark.parametrize(("mode", "compression"), [("1", "group4"), ("RGB", "tiff_lzw")])
def test_every_page_of_a_tiff_is_drawn_and_copied_bare(made: Made, mode: str, compression: str) -> None:
    first, second = scene(300, 200).convert(mode), scene(200, 300).convert(mode)
    exif = phone_exif()
    file = encoded(first, "TIFF", save_all=True, append_images=[second], compression=compression, exif=exif)
    derived = made(file, "image/tiff")
    assert derived.page_count == 2
    assert [(image.number, image.width) for image in derived.images if image.kind == "page"] == [
        (1, 300), (2, 200),
    ]  # fmt: skip
    public = read(derived.public_copy)
    assert OWNER in file
    assert OWNER not in public
    copy = Image.open(io.BytesIO(public))
    assert MODEL not in copy.getexif()
    assert TAKEN not in copy.getexif().get_ifd(EXIF_FOLDER)
    for number, page in enumerate((first, second)):
        copy.seek(number)
        assert ImageChops.difference(copy.convert("L"), page.convert("L")).getbbox() is None


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_mode_of_a_png_can_be_drawn(made: Made, mode: str) -> None:
    picture = Image.new("I;16", (50, 40), 30_000) if mode == "I;16" else scene(50, 40).convert(mode)
    derived = made(encoded(picture, "PNG"), "image/png")
    assert [image.kind for image in derived.images] == ["page", "thumbnail"]
    assert derived.public_copy is not None


def test_what_is_transparent_is_white(made: Made) -> None:
    derived = made(encoded(Image.new("RGBA", (50, 40), (0, 0, 0, 0)), "PNG"), "image/png")
    with Image.open(derived.images[0].path) as drawn:
        assert drawn.convert("RGB").getpixel((25, 20)) == (255, 255, 255)


def test_a_bitmap_and_a_cmyk_jpeg_come_out_too(made: Made, tmp_path: Path) -> None:
    bitmap = made(encoded(scene(), "BMP"), "image/bmp")
    assert bitmap.public_copy is not None
    assert bitmap.public_copy.suffix == ".png"
    assert ImageChops.difference(Image.open(bitmap.public_copy), scene()).getbbox() is None
    assert len(made(encoded(scene().convert("CMYK"), "JPEG"), "image/jpeg").images) == 2


def test_pages_of_a_picture_beyond_its_own_are_none(made: Made) -> None:
    assert made(encoded(scene(), "PNG"), "image/png", limits=Limits(), pages=range(2, 5)).images == ()
