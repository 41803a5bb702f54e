"""Reads bytes as the application does: in a process of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from portfolio.derive import Derived, Failure, Limits, derive

Reader = Callable[..., Derived | Failure]


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither LibreOffice nor tesseract, wherever the tests run."""
    monkeypatch.setenv("PATH", "/nonexistent")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """The folder that results go to."""
    return tmp_path / "out"


@pytest.fixture
def attempt(tmp_path: Path, out: Path) -> Reader:
    """Reads bytes as a file of a type and answers with whatever comes of it."""

    def run(
        content: bytes, media_type: str, *, limits: Limits | None = None, pages: range | None = None
    ) -> Derived | Failure:
        source = tmp_path / "stored"
        source.write_bytes(content)
        result = derive(source, media_type, out, limits or Limits(), pages=pages)
        assert source.read_bytes() == content
        return result

    return run


@pytest.fixture
def made(attempt: Reader) -> Callable[..., Derived]:
    """Reads bytes that are expected to be readable."""

    def run(*arguments: object, **options: object) -> Derived:
        result = attempt(*arguments, **options)
        assert isinstance(result, Derived), result
        return result

    return run
