"""Rubric files, before any cycle takes them up."""

from __future__ import annotations

import argparse

from portfolio.commands.installation import CannotRun
from rubric import report
from rubric.loader import RubricInvalid, find


def validate(arguments: argparse.Namespace) -> int:
    """Print every mistake of a file, or what it holds; 1 if it has mistakes."""
    code, text = report.validate(arguments.file)
    print(text)
    return code


def show(arguments: argparse.Namespace) -> int:
    """Print a rubric that is installed here."""
    try:
        rubric = find(arguments.name)
    except (LookupError, RubricInvalid) as error:
        raise CannotRun(str(error.args[0] if isinstance(error, LookupError) else error)) from error
    print(report.show(rubric, arguments.json))
    return 0
