"""The copy of a picture that others may see: the same picture, without place, device, remarks or preview.

JPEG, PNG, WebP and GIF keep their points as they are; the others are written anew.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageOps, ImageSequence, TiffImagePlugin

from portfolio.derive.results import Job, Unworkable
from portfolio.derive.stripping import Malformed, bare_gif, bare_jpeg, bare_png, bare_webp

_QUALITY = 92  # of the JPEG that a HEIC becomes
_BILEVEL = "group4"
_LOSSLESS = "tiff_adobe_deflate"
_STRIPPERS: dict[str, tuple[Callable[[bytes, int], bytes], str]] = {
    "image/jpeg": (bare_jpeg, "public.jpg"),
    "image/png": (bare_png, "public.png"),
    "image/webp": (bare_webp, "public.webp"),
    "image/gif": (lambda data, _: bare_gif(data), "public.gif"),
}


def write_public_copy(picture: Image.Image, job: Job, orientation: int) -> Path:
    """Write the copy, turned or marked so that it stands upright; its path. Raises Unworkable."""
    if job.media_type not in _STRIPPERS:
        return _written_anew(picture, job)
    strip, name = _STRIPPERS[job.media_type]
    path = job.out / name
    try:
        path.write_bytes(strip(job.source.read_bytes(), orientation))
    except Malformed as error:
        raise Unworkable("unreadable", str(error)) from error
    return path


def _written_anew(picture: Image.Image, job: Job) -> Path:
    if job.media_type == "image/tiff":
        return _tiff(picture, job.out / "public.tif")
    bare = _bare(picture)
    if job.media_type == "image/heic":
        path = job.out / "public.jpg"
        bare.convert("RGB").save(path, "JPEG", quality=_QUALITY, icc_profile=_profile(picture))
    else:
        path = job.out / "public.png"
        bare.save(path, "PNG")
    return path


def _tiff(picture: Image.Image, path: Path) -> Path:
    """All pages, one in memory at a time."""
    with TiffImagePlugin.AppendingTiffWriter(path, new=True) as writer:
        for page in ImageSequence.Iterator(picture):
            bare = _bare(page)
            bare.save(writer, "TIFF", compression=_BILEVEL if bare.mode == "1" else _LOSSLESS)
            writer.newFrame()
    return path


def _bare(picture: Image.Image) -> Image.Image:
    """The points alone, upright."""
    bare = ImageOps.exif_transpose(picture)
    transparency = bare.info.get("transparency")
    bare.info = {} if transparency is None else {"transparency": transparency}
    return bare


def _profile(picture: Image.Image) -> bytes | None:
    """Its colour profile, where the copy has the same colours."""
    profile = picture.info.get("icc_profile")
    return profile if isinstance(profile, bytes) and picture.mode == "RGB" else None
