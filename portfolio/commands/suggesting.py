"""Suggestions for titles that come in on standard input, one a line."""

from __future__ import annotations

import argparse
import sys

from portfolio.commands.installation import CannotRun
from rubric.loader import RubricInvalid, find
from rubric.suggest import Suggester
from rubric.words import words_for


def suggest(arguments: argparse.Namespace) -> int:
    """Print each title and the codes of its likeliest elements, best first: `title<TAB>C14,C13,C10`."""
    suggester = _suggester(arguments.name)
    for line in sys.stdin.buffer:
        title = line.decode("utf-8-sig", "replace").strip().replace("\t", " ")
        if title:
            codes = [suggestion.code for suggestion in suggester.suggest(title, limit=arguments.limit)]
            print(f"{title}\t{','.join(codes)}", flush=True)
    return 0


def _suggester(name: str) -> Suggester:
    try:
        rubric = find(name)
        return Suggester(rubric, words_for(rubric))
    except (LookupError, RubricInvalid, ValueError) as error:
        raise CannotRun(str(error.args[0] if isinstance(error, LookupError) else error)) from error
