"""Reads a stranger's file in a process of its own, so that nothing in it can harm the worker."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from portfolio.derive.results import Derived, Failure, Job, Limits
from portfolio.derive.wire import NotAResult, dump_job, load_result

_CHILD = Path(__file__).with_name("child.py")
_LONGEST_RESULT = 64 * 1024 * 1024  # bytes; the text of a file, with every character escaped
_KEPT_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH")  # no secret of the application goes along
_OUT_OF_TIME = (signal.SIGXCPU, signal.SIGALRM)


def derive(
    source: Path, media_type: str, out: Path, limits: Limits, *, pages: range | None = None
) -> Derived | Failure:
    """What can be made from the file at `source`, its images and public copy written into `out`.

    `out` is an empty folder or none yet; after a Failure it is gone. With `pages` only the images of these
    pages (from 1) are made, for those beyond the first `limits.page_images`. Takes `limits.seconds` at most.
    """
    source, out = source.resolve(), out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    result: Derived | Failure = Failure("crashed", "stopped before its end")
    try:
        with tempfile.TemporaryDirectory(dir=out, prefix="work-") as scratch:
            result = _run(Job(source, media_type, out, limits, pages), scratch)
    finally:
        if isinstance(result, Failure):
            shutil.rmtree(out, ignore_errors=True)
    return result


def _run(job: Job, scratch: str) -> Derived | Failure:
    """Run the child to its end or to the end of its time, and make sure that nothing of it runs on."""
    with tempfile.TemporaryFile(dir=scratch) as answer:
        process = subprocess.Popen(
            [sys.executable, "-I", str(_CHILD)],
            stdin=subprocess.PIPE,
            stdout=answer,
            stderr=subprocess.DEVNULL,
            cwd=scratch,
            env=_environment(scratch),
            start_new_session=True,  # one group, so that LibreOffice and tesseract end with it
        )
        try:
            process.communicate(dump_job(job), timeout=job.limits.seconds)
        except subprocess.TimeoutExpired:
            return Failure("timed_out", f"{job.limits.seconds} s")
        finally:
            _end_all(process)
        if process.returncode:
            return _death(process.returncode)
        answer.seek(0)
        return _result(answer.read(_LONGEST_RESULT + 1), job.out)


def _environment(scratch: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    # One thread each: several workers share the machine's cores.
    return kept | {"HOME": scratch, "TMPDIR": scratch, "LANG": "C.UTF-8", "OMP_THREAD_LIMIT": "1"}


def _end_all(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _death(returncode: int) -> Failure:
    if returncode > 0:
        return Failure("crashed", f"exit {returncode}")
    ended_by = -returncode
    if ended_by in _OUT_OF_TIME:
        return Failure("timed_out", signal.strsignal(ended_by) or "")
    if ended_by == signal.SIGKILL:  # not by us: the kernel was short of memory
        return Failure("out_of_memory", "killed")
    return Failure("crashed", signal.strsignal(ended_by) or f"signal {ended_by}")


def _result(raw: bytes, out: Path) -> Derived | Failure:
    if len(raw) > _LONGEST_RESULT:
        return Failure("crashed", "the answer is too long")
    try:
        return load_result(raw, out)
    except NotAResult as error:
        return Failure("crashed", str(error))
