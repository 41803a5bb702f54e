"""The process that sets one document: a script of typst alone, so that no other process keeps its fonts and pages."""

from __future__ import annotations

import json
import sys
from datetime import datetime

import typst


def main() -> None:
    """Read what to set from standard input (JSON, see typeset.py), write the one file to standard output."""
    job = json.load(sys.stdin.buffer)
    found = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[job["fonts"]])
    made = typst.compile(
        input=job["source"].encode(),
        font_paths=found,
        sys_inputs={"document": job["document"]},
        format=job["format"],
        ppi=job["ppi"],
        timestamp=datetime.fromisoformat(job["at"]) if job["at"] else None,
    )
    if not isinstance(made, bytes):
        raise TypeError("typst answered with pages, not with one file")
    sys.stdout.buffer.write(made)


if __name__ == "__main__":
    main()
