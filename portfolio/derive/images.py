"""Page images in two widths and a thumbnail, as WebP."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from portfolio.derive.results import ImageKind, PageImage

PAGE, PAGE_LARGE, THUMBNAIL = 900, 1600, 320  # pixels wide
TALLEST = 16_000  # pixels: WebP ends at 16,383
_QUALITY = 78
_EFFORT = 2  # of 6; more costs two to three times the time for a twentieth of the bytes
_WIDTHS: dict[ImageKind, int] = {"page_large": PAGE_LARGE, "page": PAGE, "thumbnail": THUMBNAIL}
_NAMES: dict[ImageKind, str] = {
    "page_large": "large-{:04}.webp",
    "page": "page-{:04}.webp",
    "thumbnail": "thumbnail.webp",
}


def draw_page(picture: Image.Image, number: int, out: Path) -> tuple[PageImage, ...]:
    """The page in both widths; never wider than it is, so a narrow one comes in one width only."""
    drawn: list[PageImage] = []
    kinds: tuple[ImageKind, ...] = ("page_large", "page") if picture.width > PAGE else ("page",)
    for kind in kinds:
        picture = _narrowed(picture, kind)
        drawn.append(write(picture, number, kind, out))
    return tuple(drawn)


def draw_thumbnail(picture: Image.Image, out: Path) -> PageImage:
    """The first page, small enough for a card; a very tall one shows its top."""
    top = picture.crop((0, 0, picture.width, min(picture.height, picture.width * 2)))
    return write(_narrowed(top, "thumbnail"), 1, "thumbnail", out)


def _narrowed(picture: Image.Image, kind: ImageKind) -> Image.Image:
    """The picture no wider than its kind and no higher than TALLEST."""
    scale = min(_WIDTHS[kind] / picture.width, TALLEST / picture.height, 1)
    if scale == 1:
        return picture
    size = (max(round(picture.width * scale), 1), max(round(picture.height * scale), 1))
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2)


def plain(picture: Image.Image) -> Image.Image:
    """The picture in RGB without metadata, on white where it is transparent."""
    if picture.has_transparency_data:
        layered = picture.convert("RGBA")
        picture = Image.new("RGB", picture.size, "white")
        picture.paste(layered, mask=layered)
    elif picture.mode.startswith("I;16"):
        picture = picture.point(lambda value: value / 256, "L")  # type: ignore[no-untyped-call,unused-ignore]
    if picture.mode != "RGB":
        picture = picture.convert("RGB")
    return picture


def write(picture: Image.Image, number: int, kind: ImageKind, out: Path) -> PageImage:
    """The picture as it is, under the name of its kind."""
    path = out / _NAMES[kind].format(number)
    picture.save(path, "WEBP", quality=_QUALITY, method=_EFFORT)
    return PageImage(number, picture.width, picture.height, path, kind)
