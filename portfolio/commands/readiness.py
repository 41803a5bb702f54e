"""Readiness in figures: recorded for today, and its sums compared with what they sum up."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from portfolio.commands.installation import opened
from portfolio.services import summaries as sums
from portfolio.services import trend


def record(_arguments: argparse.Namespace) -> int:
    """Record today's readiness of every school, unless somebody's log-in has done it."""
    with opened() as place:
        place.require_schema()
        with place.writing() as session:
            recorded = trend.record_day(session, datetime.now(UTC))
    print(f"Recorded {recorded} dossiers." if recorded else "Today is recorded already.")
    return 0


def summaries(arguments: argparse.Namespace) -> int:
    """Print every row of sums that is not what recomputation gives; 1 if any was found and not put right."""
    with opened() as place:
        place.require_schema()
        if arguments.rebuild:
            with place.writing() as session:
                print(f"Written anew; {sums.rebuild(session)} rows were not in step.")
            return 0
        with place.reading() as session:
            found = list(sums.differences(session))
    for difference in found:
        print(difference)
    print(
        f"{len(found)} rows are not in step; run: portfolio summaries --rebuild"
        if found
        else "OK: all in step"
    )
    return 1 if found else 0
