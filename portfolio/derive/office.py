"""Office files: as PDF through LibreOffice where the machine has it, else their text alone."""

from __future__ import annotations

import resource
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from portfolio.derive import sheets, slides, word
from portfolio.derive.ooxml import opened
from portfolio.derive.pdf import read_pdf
from portfolio.derive.results import Derived, Job, Limits, Note, Unworkable

_PROGRAMS = ("soffice", "libreoffice")
_OPTIONS = ("--headless", "--norestore", "--nolockcheck", "--nodefault", "--nofirststartwizard")
_SHARE = 2 / 3  # of the job's time; the rest is for drawing the pages, or for the text if this fails
_OOXML = "application/vnd.openxmlformats-officedocument."
_SUFFIXES = {
    "application/msword": ".doc",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.ms-powerpoint": ".ppt",
    "application/wps-office.wps": ".wps",
    "application/wps-office.et": ".et",
    "application/wps-office.dps": ".dps",
    f"{_OOXML}wordprocessingml.document": ".docx",
    f"{_OOXML}spreadsheetml.sheet": ".xlsx",
    f"{_OOXML}presentationml.presentation": ".pptx",
}
_READERS: dict[str, Callable[[Job], Derived]] = {
    f"{_OOXML}wordprocessingml.document": word.read,
    f"{_OOXML}spreadsheetml.sheet": sheets.read,
    f"{_OOXML}presentationml.presentation": slides.read,
}
# No macro runs, no link is followed, nothing is fetched.
_PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableMacrosExecution" \
oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="BlockUntrustedRefererLinks" \
oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Writer/Content/Update"><prop oor:name="Link" \
oor:op="fuse"><value>2</value></prop></item>
<item oor:path="/org.openoffice.Office.Calc/Content/Update"><prop oor:name="Link" \
oor:op="fuse"><value>2</value></prop></item>
</oor:items>
"""


class ConversionFailed(Exception):
    """LibreOffice made no PDF of the file."""


def available() -> bool:
    """Whether LibreOffice is on PATH."""
    return _program() is not None


def read(job: Job) -> Derived:
    """Pages and text from the PDF; without LibreOffice only the text, of newer formats. Raises Unworkable."""
    if job.media_type in _READERS:
        with opened(job.source, job.limits):
            pass  # refuses what is hostile before anything else reads it
    program = _program()
    if program is None:
        return _without_pages(job, "office_absent")
    with tempfile.TemporaryDirectory() as scratch:
        try:
            converted = _converted(program, job, Path(scratch))
        except ConversionFailed as error:
            if job.media_type not in _READERS:
                raise Unworkable("unreadable", str(error)) from error
            return _without_pages(job, "office_failed")
        return read_pdf(converted, job)


def _program() -> str | None:
    return next(filter(None, map(shutil.which, _PROGRAMS)), None)


def _without_pages(job: Job, note: Note) -> Derived:
    reader = _READERS.get(job.media_type)
    derived = reader(job) if reader and job.pages is None else Derived()
    return replace(derived, notes=(*derived.notes, note))


def _converted(program: str, job: Job, scratch: Path) -> Path:
    """The file as PDF. Raises ConversionFailed."""
    profile = scratch / "profile"
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(_PROFILE, encoding="utf-8")
    source = scratch / f"document{_SUFFIXES[job.media_type]}"
    source.symlink_to(job.source)
    seconds = max(int(job.limits.seconds * _SHARE), 1)
    try:
        done = subprocess.run(
            [
                program,
                *_OPTIONS,
                f"-env:UserInstallation={profile.as_uri()}",
                *("--convert-to", "pdf", "--outdir", str(scratch), str(source)),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            preexec_fn=lambda: _allow(job.limits, seconds),  # this process has one thread
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ConversionFailed(f"not done in {seconds} s") from error
    converted = source.with_suffix(".pdf")
    if done.returncode or not converted.is_file():
        raise ConversionFailed(done.stderr.decode(errors="replace")[:200] or f"exit {done.returncode}")
    return converted


def _allow(limits: Limits, seconds: int) -> None:
    """LibreOffice maps more memory than any reader here; its clock runs on if this process is gone."""
    _, ceiling = resource.getrlimit(resource.RLIMIT_AS)
    wanted = limits.office_memory
    resource.setrlimit(
        resource.RLIMIT_AS, (wanted if ceiling == resource.RLIM_INFINITY else min(wanted, ceiling), ceiling)
    )
    signal.alarm(seconds + 1)
