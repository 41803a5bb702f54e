"""All gap rules over a whole dossier: pure computation, so measured without a server, in processor time.

python -m bench.gaps [--citations N]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from rubric.figures import Figures
from rubric.gaps import CitedEvidence, ElementState, Scrutiny, default_weights, readiness
from rubric.guidance import ExpectedMaterial, MaterialKind
from rubric.loader import DEFAULT, find
from rubric.model import Rubric

# What the project set itself: milliseconds for a whole dossier, by its citations.
MOST = {1000: 10.0, 2000: 10.0}
REPEATS = 50
WINDOW_START = 2024
SUBMITTED_AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def main() -> int:
    """Print one line a size; 1 if one takes longer than it may."""
    parser = argparse.ArgumentParser(prog="python -m bench.gaps")
    parser.add_argument("--citations", type=int, nargs="*", default=MOST)
    excesses = list(measured(parser.parse_args().citations))
    print("\n".join(f"TOO MUCH: {excess}" for excess in excesses) or "Within bounds.")
    return 1 if excesses else 0


def measured(sizes: Iterable[int] = MOST) -> Iterator[str]:
    """Print the median of each size; yields what is too much."""
    rubric = find(DEFAULT)
    scrutiny = Scrutiny(SUBMITTED_AT, default_weights(), _figures(rubric))
    print(f"{'gaps of a dossier':<22}{'ms':>8}{'gaps':>8}")
    for size in sizes:
        states = list(_states(rubric, size))
        taken = []
        for _ in range(REPEATS):
            started = time.process_time()
            found = readiness(rubric, states, window_start=WINDOW_START, scrutiny=scrutiny).gaps
            taken.append((time.process_time() - started) * 1000)
        median = statistics.median(taken)
        print(f"{size:>10} citations  {median:>8.1f}{len(found):>8}", flush=True)
        if median > MOST.get(size, median):
            yield f"{size} citations: {median:.1f} ms, {MOST[size]:.0f} are allowed"


def _states(rubric: Rubric, citations: int) -> Iterator[ElementState]:
    """Every element scored and justified, the citations shared out evenly, half of them of expected materials."""
    kinds = list(MaterialKind)
    for position, element in enumerate(rubric.elements):
        numbers = range(position, citations, len(rubric.elements))
        yield ElementState(
            code=element.code,
            points=element.points,
            score=element.points,
            justification=f"{element.text}我校近三年持续落实，制度健全，过程记录完整，师生参与面逐年扩大，效果明显。",
            citations=tuple(
                CitedEvidence(
                    evidence_id=number // 2,
                    kind=kinds[number % len(kinds)],
                    years=frozenset({WINDOW_START + number % 3}),
                    date=date(2026, 3, 1),
                    title=f"{WINDOW_START + number % 3}学年{_subject(element.expected, number)}（{number}）.pdf",
                    made_at=SUBMITTED_AT - timedelta(hours=number % 200),
                )
                for number in numbers
            ),
        )


def _subject(expected: tuple[ExpectedMaterial, ...], number: int) -> str:
    material = expected[number % len(expected)]
    return material.name.zh if number % 2 else "材料"


def _figures(rubric: Rubric) -> Figures:
    """Every figure of three school years, none of them 0."""
    years = range(WINDOW_START, WINDOW_START + 3)
    return {figure.code: dict.fromkeys(years, Decimal(100)) for figure in rubric.figures}


if __name__ == "__main__":
    sys.exit(main())
