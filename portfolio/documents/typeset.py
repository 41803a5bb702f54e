"""PDFs that look the same everywhere: a typst template, all text as JSON, the Chinese fonts embedded."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from portfolio.documents import fonts

_TEMPLATES = Path(__file__).parent / "typst"
_SETTER = Path(__file__).with_name("typesetter.py")
_SECONDS = 60  # a form takes a tenth of one


class TypesettingFailed(RuntimeError):
    """A template and a text that typst can't set; the message is typst's own."""


def pdf(*templates: str, document: Mapping[str, Any], at: datetime) -> bytes:
    """The PDF of these templates, one after the other, with the document's text; dated `at`.

    The same text on the same date is the same bytes. Raises TypesettingFailed.
    """
    return _set(templates, document, format="pdf", ppi=None, at=at.replace(microsecond=0).isoformat())


def picture(*templates: str, document: Mapping[str, Any]) -> bytes:
    """The one page of these templates as a PNG to be printed. Raises TypesettingFailed."""
    return _set(templates, document, format="png", ppi=200.0, at=None)


def _set(templates: tuple[str, ...], document: Mapping[str, Any], **how: Any) -> bytes:
    """In a process of its own: typst needs some 60 MB for the fonts and a form, and would keep them."""
    job = {
        "source": "\n".join(_source(name) for name in ("common", *templates)),
        "document": json.dumps(fonts.printable(dict(document)), ensure_ascii=False),
        "fonts": str(fonts.folder()),
        **how,
    }
    done = subprocess.run(
        [sys.executable, "-I", str(_SETTER)],
        input=json.dumps(job).encode(),
        capture_output=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        raise TypesettingFailed(done.stderr.decode(errors="replace").strip()[-2000:])
    return done.stdout


@lru_cache
def _source(template: str) -> str:
    return (_TEMPLATES / f"{template}.typ").read_text(encoding="utf-8")
