"""A random sample that anybody can draw again from the list and the recorded seed.

Line number n (from 1) has the lot SHA-256(seed + ":" + n), written in hex, seed and n as text. The lines with the
smallest lots are drawn. Nothing else decides: no library's generator, no order of the list's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def draw(seed: str, population: int, size: int) -> tuple[int, ...]:
    """The numbers (from 1) of the lines drawn, ascending. Raises ValueError unless 1 ≤ size ≤ population."""
    if not 1 <= size <= population:
        raise ValueError(f"{size} of {population} can't be drawn")
    return tuple(sorted(sorted(range(1, population + 1), key=lambda number: lot(seed, number))[:size]))


def lot(seed: str, number: int) -> str:
    """The lot of a line: 64 hexadecimal signs."""
    return hashlib.sha256(f"{seed}:{number}".encode()).hexdigest()


def counted(population: int) -> tuple[str, ...]:
    """The lines of a list that was only counted: its numbers from 1 on."""
    return tuple(str(number) for number in range(1, population + 1))


def list_digest(lines: Sequence[str]) -> str:
    """The SHA-256 (hex) of the lines in UTF-8, each ended by a line feed."""
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
