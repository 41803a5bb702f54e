"""Which reader takes a file, and what its mishaps are called."""

from __future__ import annotations

import errno
from collections.abc import Callable
from importlib import import_module
from typing import cast

from portfolio.derive.results import Derived, Failure, Job, Unworkable

_LONGEST_DETAIL = 300
_SHORTAGE = "memory allocation error"  # as libheif says it
_OOXML = "application/vnd.openxmlformats-officedocument."
_PICTURES = (
    "image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp", "image/tiff", "image/heic",
)  # fmt: skip
_SOUND_AND_FILM = (
    "audio/mpeg", "audio/mp4", "audio/wav", "audio/ogg", "audio/flac", "audio/amr",
    "video/mp4", "video/quicktime", "video/3gpp", "video/x-msvideo",
    "video/x-matroska", "video/webm", "video/x-ms-wmv",
)  # fmt: skip
_OLDER_OFFICE = (
    "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint",
    "application/wps-office.wps", "application/wps-office.et", "application/wps-office.dps",
)  # fmt: skip

# By name: a reader's libraries are loaded only by the process that needs them.
_READERS: dict[str, str] = {
    "application/pdf": "pdf",
    f"{_OOXML}wordprocessingml.document": "office",
    f"{_OOXML}spreadsheetml.sheet": "office",
    f"{_OOXML}presentationml.presentation": "office",
    "text/plain": "plain",
    "text/markdown": "plain",
    "text/csv": "plain",
    **dict.fromkeys(_PICTURES, "picture"),
    **dict.fromkeys(_SOUND_AND_FILM, "media"),
    **dict.fromkeys(_OLDER_OFFICE, "office"),
}


def read(job: Job) -> Derived | Failure:
    """Read the file of this job, in this process and under its limits. Raises nothing of what a file can cause."""
    reader = _READERS.get(job.media_type)
    if reader is None:
        return Failure("unsupported", job.media_type)
    try:
        run = cast(Callable[[Job], Derived], import_module(f"portfolio.derive.{reader}").read)
        return run(job)
    except Unworkable as refusal:
        return refusal.failure
    except MemoryError as error:
        return Failure("out_of_memory", str(error))
    except OSError as error:
        return _of_system(error)
    except Exception as error:  # whatever a library makes of a broken file
        return Failure("out_of_memory" if _SHORTAGE in str(error).lower() else "unreadable", _detail(error))


def _of_system(error: OSError) -> Failure:
    if error.errno == errno.ENOMEM:
        return Failure("out_of_memory", _detail(error))
    if error.errno == errno.EFBIG:
        return Failure("expands_too_much", _detail(error))
    if error.errno in (errno.ENOSPC, errno.EDQUOT):  # not the file's fault
        return Failure("crashed", _detail(error))
    return Failure("unreadable", _detail(error))


def _detail(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:_LONGEST_DETAIL]
