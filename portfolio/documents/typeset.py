"""PDFs that look the same everywhere: a typst template, all text as JSON, the Chinese fonts embedded."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portfolio.documents import fonts

if TYPE_CHECKING:
    from typst import Compiler

_TEMPLATES = Path(__file__).parent / "typst"
# A compiler serves one thread at a time; a page takes it for a tenth of a second.
_turn = threading.Lock()


def pdf(*templates: str, document: Mapping[str, Any], at: datetime) -> bytes:
    """The PDF of these templates, one after the other, with the document's text; dated `at`.

    The same text on the same date is the same bytes.
    """
    return _compiled(templates, document, format="pdf", timestamp=at.replace(microsecond=0))


def picture(*templates: str, document: Mapping[str, Any]) -> bytes:
    """The one page of these templates as a PNG to be printed."""
    return _compiled(templates, document, format="png", ppi=200.0)


def _compiled(templates: tuple[str, ...], document: Mapping[str, Any], **how: Any) -> bytes:
    text = json.dumps(fonts.printable(dict(document)), ensure_ascii=False)
    source = b"\n".join(_source(name) for name in ("common", *templates))
    with _turn:
        compiled = _compiler().compile(input=source, sys_inputs={"document": text}, **how)
    if not isinstance(compiled, bytes):
        raise TypeError("typst answered with pages, not with one file")
    return compiled


@lru_cache
def _source(template: str) -> bytes:
    return (_TEMPLATES / f"{template}.typ").read_bytes()


@lru_cache(maxsize=1)
def _compiler() -> Compiler:
    """One compiler for all documents: reading the fonts costs more than setting a page."""
    import typst

    found = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[fonts.folder()])
    return typst.Compiler(font_paths=found)
