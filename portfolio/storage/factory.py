"""From STORAGE_URL to a storage. Only the composition of the application calls this."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from portfolio.storage import Storage, StorageMisconfigured, StorageUnavailable
from portfolio.storage.local import LocalStorage

RIGHT_ONES = (
    "Right ones: nothing at all (the folder files in the data folder), file:///srv/portfolio/files,"
    " s3://bucket/prefix?endpoint=https://s3.example.org&region=us-east-1"
)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")  # the naming rules of S3
_S3_OPTIONS = frozenset({"endpoint", "region"})
_DEFAULT_REGION = "us-east-1"


def from_url(url: str, data_folder: Path) -> Storage:
    """The storage `url` names, an empty one meaning the folder files in `data_folder`.

    Raises StorageMisconfigured. For S3 no server is asked yet; `healthy()` does that.
    """
    if not url.strip():
        return _in_folder(data_folder / "files")
    try:
        parts = urlsplit(url.strip())
    except ValueError as error:
        raise _wrong(f"it is no URL ({error})") from error
    if parts.scheme == "file":
        return _in_folder(_folder(parts))
    if parts.scheme == "s3":
        return _in_bucket(parts)
    named = f"the scheme {parts.scheme!r}" if parts.scheme else "no scheme"
    raise _wrong(f"it has {named}, and only file and s3 are known")


def _folder(parts: SplitResult) -> Path:
    if parts.netloc:
        raise _wrong(f"file:// is followed by a host ({parts.netloc}); a third slash begins the path")
    folder = Path(unquote(parts.path))
    if not folder.is_absolute() or folder == Path("/"):
        raise _wrong("it names no folder")
    return folder


def _in_folder(folder: Path) -> Storage:
    try:
        storage = LocalStorage(folder)
        storage.healthy()
    except OSError as error:
        raise _wrong(f"the folder {folder} can't be made or written ({error.strerror})") from error
    except StorageUnavailable as error:
        raise _wrong(error.reason) from error
    return storage


def _in_bucket(parts: SplitResult) -> Storage:
    if "@" in parts.netloc:  # and not repeated in the message, which may be logged
        raise _wrong("credentials don't belong in the URL but in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    if not parts.netloc:
        raise _wrong("it names no bucket")
    if not _BUCKET.fullmatch(parts.netloc):
        raise _wrong(f"{parts.netloc!r} can't be a bucket's name (3 to 63 of a-z, 0-9, dot, hyphen)")
    options = _s3_options(parts.query)
    from portfolio.storage import s3  # boto3 takes memory that local storage should not cost

    prefix = unquote(parts.path).strip("/")
    return s3.connect(parts.netloc, prefix, options.get("endpoint"), options.get("region", _DEFAULT_REGION))


def _s3_options(query: str) -> dict[str, str]:
    given = parse_qs(query, keep_blank_values=True)
    unknown = sorted(given.keys() - _S3_OPTIONS)
    if unknown:
        raise _wrong(f"{', '.join(unknown)} is no option of s3 storage; endpoint and region are")
    options = {name: values[-1] for name, values in given.items() if values[-1]}
    endpoint = urlsplit(options.get("endpoint", "https://s3"))
    if endpoint.scheme not in ("http", "https") or not endpoint.hostname:
        raise _wrong(f"the endpoint {options['endpoint']!r} is no http or https address")
    return options


def _wrong(what: str) -> StorageMisconfigured:
    return StorageMisconfigured(f"STORAGE_URL can't be used: {what}. {RIGHT_ONES}")
