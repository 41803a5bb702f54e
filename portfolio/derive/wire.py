"""Jobs and results as JSON between the worker and the process that reads the file."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from portfolio.derive.results import Derived, Failure, Job, Limits, PageImage, PageText


class NotAResult(ValueError):
    """What came back is not a result, or names a file outside its folder."""


def dump_job(job: Job) -> bytes:
    """The job as JSON."""
    return json.dumps(
        {
            "source": str(job.source),
            "media_type": job.media_type,
            "out": str(job.out),
            "limits": asdict(job.limits),
            "pages": [job.pages.start, job.pages.stop] if job.pages else None,
        }
    ).encode()


def load_job(raw: bytes) -> Job:
    """The job that `dump_job` wrote."""
    fields = json.loads(raw)
    return Job(
        source=Path(fields["source"]),
        media_type=fields["media_type"],
        out=Path(fields["out"]),
        limits=Limits(**fields["limits"]),
        pages=range(*fields["pages"]) if fields["pages"] else None,
    )


def dump_result(result: Derived | Failure) -> bytes:
    """The result as JSON, files by their names alone."""
    if isinstance(result, Failure):
        return json.dumps({"failure": asdict(result)}).encode()
    fields = asdict(result)
    fields["taken_at"] = result.taken_at and result.taken_at.isoformat()
    fields["duration_seconds"] = None if result.duration_seconds is None else str(result.duration_seconds)
    fields["public_copy"] = result.public_copy and result.public_copy.name
    for image in fields["images"]:
        image["path"] = image["path"].name
    return json.dumps({"derived": fields}).encode()


def load_result(raw: bytes, out: Path) -> Derived | Failure:
    """The result that `dump_result` wrote, its files in `out`. Raises NotAResult.

    Whoever wrote it has read a stranger's file, so no path is taken on trust.
    """
    try:
        fields = json.loads(raw)
        if "failure" in fields:
            return Failure(**fields["failure"])
        return _derived(fields["derived"], out)
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError) as error:
        raise NotAResult(str(error)) from error


def _derived(fields: dict[str, Any], out: Path) -> Derived:
    taken, duration, public = fields["taken_at"], fields["duration_seconds"], fields["public_copy"]
    return Derived(
        page_count=None if fields["page_count"] is None else int(fields["page_count"]),
        pages=tuple(PageText(int(page["number"]), str(page["text"])) for page in fields["pages"]),
        images=tuple(_image(image, out) for image in fields["images"]),
        taken_at=date.fromisoformat(taken) if taken else None,
        duration_seconds=Decimal(duration) if duration else None,
        public_copy=_inside(out, public) if public else None,
        look=_look(fields["look"]),
        text_source=fields["text_source"],
        notes=tuple(fields["notes"]),
    )


def _look(found: str | None) -> str | None:
    if found is not None and not (len(found) == 32 and 0 <= int(found, 16) < 1 << 128):
        raise NotAResult(f"no look: {found!r}")
    return found


def _image(fields: dict[str, Any], out: Path) -> PageImage:
    number, width, height = (int(fields[name]) for name in ("number", "width", "height"))
    return PageImage(number, width, height, _inside(out, fields["path"]), fields["kind"])


def _inside(out: Path, name: str) -> Path:
    path = out / name
    if Path(name).name != name or path.is_symlink() or not path.is_file():
        raise NotAResult(f"no file of this folder: {name!r}")
    return path
