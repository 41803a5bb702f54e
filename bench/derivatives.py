"""What a photo of 12 megapixels costs: its thumbnail alone, and all that is made of it in a process of its own."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageFilter

from portfolio.derive import Derived, Limits, derive
from portfolio.derive.images import THUMBNAIL, draw_thumbnail
from portfolio.derive.picture import opened, upright

WIDTH, HEIGHT = 4000, 3000
REPEATS = 7
JPEG = "image/jpeg"


@dataclass(frozen=True)
class Photo:
    """Medians in milliseconds; the photo's bytes."""

    thumbnail: float
    everything: float
    size: int


def photo(folder: Path) -> Photo:
    """Measure on a photo written into the folder."""
    source = folder / "photo.jpg"
    _scene().save(source, "JPEG", quality=90)

    def draw() -> None:
        with opened(source, JPEG, Limits()) as picture:
            draw_thumbnail(upright(picture, THUMBNAIL), folder)

    def make() -> None:
        if not isinstance(derive(source, JPEG, folder / "made", Limits()), Derived):
            raise SystemExit("nothing could be made of the photo")

    return Photo(_median(draw), _median(make), source.stat().st_size)


def _median(act: Callable[[], None]) -> float:
    taken = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        act()
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


def _scene() -> Image.Image:
    """As much detail as a photo of a school yard has, the same every time."""
    small = (WIDTH // 8, HEIGHT // 8)
    noise = Image.frombytes("RGB", small, random.Random(12).randbytes(small[0] * small[1] * 3))
    return noise.filter(ImageFilter.GaussianBlur(2)).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
