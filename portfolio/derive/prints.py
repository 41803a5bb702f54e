"""Prints by which near-duplicates are found: the same text in another format, the same picture in another size."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from portfolio.derive.textnorm import folded, normalise, runs

if TYPE_CHECKING:
    from PIL import Image

SAME_LOOK = 8  # bits of 128 in which two sizes of one picture may differ
_LEAST_TEXT = 40  # characters; shorter texts are alike by chance
_SIDE = 8
_LEAST_CONTRAST = 12  # of 255: a picture of one colour looks like any other


def text_print(pages: Iterable[str]) -> str | None:
    """The SHA-256 of a text's ideographs, letters and digits alone; None where there are too few to tell."""
    bare = "".join("".join(runs(folded(normalise(page)))) for page in pages)
    return hashlib.sha256(bare.encode()).hexdigest() if len(bare) >= _LEAST_TEXT else None


def look_of(picture: Image.Image) -> str | None:
    """128 bits in hexadecimal: where brightness rises from left to right, and from top to bottom (dHash).

    None for a picture without contrast.
    """
    grey = picture.convert("L")
    across = grey.resize((_SIDE + 1, _SIDE)).tobytes()
    down = grey.resize((_SIDE, _SIDE + 1)).tobytes()
    rises = [
        across[row * (_SIDE + 1) + column] < across[row * (_SIDE + 1) + column + 1]
        for row in range(_SIDE)
        for column in range(_SIDE)
    ]
    rises += [down[at] < down[at + _SIDE] for at in range(_SIDE * _SIDE)]
    if max(across) - min(across) < _LEAST_CONTRAST:
        return None
    return f"{sum(rise << at for at, rise in enumerate(rises)):032x}"


def differing_bits(look: str, other: str) -> int:
    """In how many bits two looks differ."""
    return (int(look, 16) ^ int(other, 16)).bit_count()
