"""Says at the end what could not be tested here and why; where everything is required, a skip is a failure."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator

import pytest

from tests.fixtures_servers import REQUIRE


def everything_is_required() -> bool:
    """Whether this run may leave nothing out, as in CI."""
    return os.environ.get(REQUIRE) == "all"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skipped test fails where everything is required; an expected failure stays one."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and everything_is_required():
        _turn_into_failure(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """So does a module that skips itself while it is read."""
    report = yield
    if report.skipped and everything_is_required():
        _turn_into_failure(report)
    return report


def _turn_into_failure(report: pytest.TestReport | pytest.CollectReport) -> None:
    report.outcome = "failed"
    report.longrepr = f"Left out: {_reason(report)} ({REQUIRE}=all allows no test to be left out)"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was left out, one line a reason."""
    left_out = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", ()))
    if left_out:
        terminalreporter.section("could not be tested here")
        for reason, count in sorted(left_out.items()):
            terminalreporter.line(f"{count} {'test' if count == 1 else 'tests'}: {reason}")


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why it was skipped, in the words of whoever skipped it."""
    words = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return words.removeprefix("Skipped: ")
