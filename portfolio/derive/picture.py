"""Pictures: page images, a thumbnail, the day a photo was taken, a copy without place and device."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from portfolio.derive import ocr
from portfolio.derive.gathering import Pages
from portfolio.derive.images import PAGE_LARGE, draw_page, draw_thumbnail, plain
from portfolio.derive.prints import look_of
from portfolio.derive.public import write_public_copy
from portfolio.derive.results import Derived, Job, Limits, Unworkable

_DECODERS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
    "image/heic": "HEIF",
}
_ORIENTATION, _EXIF_FOLDER = 0x0112, 0x8769  # Exif 2.32, 4.6.4
_TAKEN = (0x9003, 0x9004)  # DateTimeOriginal, else DateTimeDigitized; DateTime is that of the last change
_EARLIEST = 1826  # the first photograph


def read(job: Job) -> Derived:
    """Page images (of each page of a TIFF), thumbnail, date, public copy. Raises Unworkable."""
    with opened(job.source, job.media_type, job.limits) as picture:
        count = _page_count(picture)
        if count > job.limits.pages:
            raise Unworkable("too_many_pages", str(count))
        if job.pages is not None:
            return _images_of(picture, job, [number for number in job.pages if 1 <= number <= count])
        taken_at = _taken_at(picture)
        orientation = _orientation(picture)
        derived = _whole(picture, job, count)
    # Opened anew: a JPEG that was drawn small has lost its points.
    with opened(job.source, job.media_type, job.limits) as picture:
        public_copy = write_public_copy(picture, job, orientation)
    return replace(derived, taken_at=taken_at, public_copy=public_copy)


@contextmanager
def opened(source: Path, media_type: str, limits: Limits) -> Iterator[Image.Image]:
    """The picture, not decoded yet, by the one decoder for its type. Raises Unworkable."""
    decoder = _DECODERS[media_type]
    if decoder == "HEIF":
        _learn_heif()
    Image.MAX_IMAGE_PIXELS = limits.pixels
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(source, formats=[decoder]) as picture:
                yield picture
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise Unworkable("too_many_pixels", str(error)) from error
        except UnidentifiedImageError as error:
            raise Unworkable("unreadable", f"no {decoder}") from error


def upright(picture: Image.Image, width: int) -> Image.Image:
    """The picture decoded, turned the right way, plain; a JPEG no larger than `width` needs."""
    orientation = _orientation(picture)
    side = picture.height if orientation >= 5 else picture.width
    if picture.format in ("JPEG", "MPO") and side > width:
        scale = width / side
        picture.draft(None, (int(picture.width * scale), int(picture.height * scale)))
    return plain(
        ImageOps.exif_transpose(picture) if orientation > 1 else picture
    )  # it would copy all the same


def _orientation(picture: Image.Image) -> int:
    """1 as it is, 2 to 8 mirrored or turned, from 5 on its sides swapped."""
    found = picture.getexif().get(_ORIENTATION)
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _learn_heif() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener(thumbnails=False)


def _page_count(picture: Image.Image) -> int:
    """Pages of a TIFF; the frames of others are an animation or a second lens."""
    return int(getattr(picture, "n_frames", 1)) if picture.format == "TIFF" else 1


def _whole(picture: Image.Image, job: Job, count: int) -> Derived:
    pages, look = Pages(job.limits), None
    ocr_left = job.limits.ocr_pages
    for number in range(1, min(count, job.limits.page_images) + 1):
        page = _page(picture, number, job.limits)
        pages.images += draw_page(page, number, job.out)
        if number == 1:
            pages.images.append(draw_thumbnail(page, job.out))
            look = look_of(page)
        if not ocr.available():
            pages.note("ocr_absent")
        elif number <= ocr_left:
            pages.recognise(number, page)
    if count > job.limits.page_images:
        pages.note("pages_not_drawn")
    return replace(pages.derived(page_count=count), look=look)


def _images_of(picture: Image.Image, job: Job, numbers: list[int]) -> Derived:
    pages = Pages(job.limits)
    for number in numbers:
        pages.images += draw_page(_page(picture, number, job.limits), number, job.out)
    return pages.derived(page_count=_page_count(picture))


def _page(picture: Image.Image, number: int, limits: Limits) -> Image.Image:
    if number > 1:
        picture.seek(number - 1)
        if picture.width * picture.height > limits.pixels:  # only the first page is checked on opening
            raise Unworkable("too_many_pixels", f"page {number}: {picture.width} × {picture.height}")
    return upright(picture, PAGE_LARGE)


def _taken_at(picture: Image.Image) -> date | None:
    folder = picture.getexif().get_ifd(_EXIF_FOLDER)
    for tag in _TAKEN:
        try:
            taken = datetime.strptime(str(folder.get(tag, ""))[:10], "%Y:%m:%d").date()
        except ValueError:
            continue
        if taken.year >= _EARLIEST:
            return taken
    return None
