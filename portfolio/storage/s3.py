"""Storage in an S3 bucket: <prefix>/<school>/<digest>. Imported only where STORAGE_URL asks for S3."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast

import boto3  # type: ignore[import-untyped]
from boto3.s3.transfer import TransferConfig  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

from portfolio.filenames import content_disposition
from portfolio.filetypes import inline_safe
from portfolio.storage import (
    BlobDamaged,
    BlobMissing,
    StorageError,
    StorageFull,
    StorageMisconfigured,
    StorageUnavailable,
    checked_digest,
    checked_range,
    checked_school,
    is_digest,
)

_LARGEST_IN_ONE = 5 * 1024**3  # bytes of one PUT
_PART = 16 * 1024**2  # bytes of a larger object that are held in memory while they are sent
_CONNECTIONS = 32  # more than a worker has threads
_LONGEST_EXPIRY = timedelta(days=7)  # Signature Version 4
_FULL = frozenset({"QuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "507"})
_MEANINGS = {
    "NoSuchBucket": "there is no such bucket; create it first",
    "InvalidAccessKeyId": "AWS_ACCESS_KEY_ID is not known there",
    "SignatureDoesNotMatch": "AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID",
    "AccessDenied": "these credentials may not use the bucket",
    "403": "these credentials may not use the bucket",
    "RequestTimeTooSkewed": "this machine's clock is wrong",
}


def connect(bucket: str, prefix: str, endpoint: str | None, region: str) -> S3Storage:
    """Storage in `bucket` with the credentials boto3 finds; asks no S3 server yet.

    Raises StorageMisconfigured when there are no credentials.
    """
    session = boto3.Session(region_name=region)
    try:
        credentials = session.get_credentials()
    except BotoCoreError as error:
        raise StorageMisconfigured(f"S3 storage found credentials it can't use: {error}") from error
    if credentials is None:
        raise StorageMisconfigured(
            "S3 storage needs credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use any"
            " other way boto3 knows (a profile in ~/.aws, the machine's role)"
        )
    client = session.client("s3", endpoint_url=endpoint, config=_settings(own_endpoint=endpoint is not None))
    return S3Storage(client, bucket, prefix)


def _settings(*, own_endpoint: bool) -> Config:
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": "path" if own_endpoint else "auto"},
        connect_timeout=5,
        read_timeout=60,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=_CONNECTIONS,
        # Bodies are signed whole. Trailing checksums are unknown to many servers that speak S3.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


class S3Storage:
    """Storage in one bucket, which exists already; `prefix` keeps it apart from other things in there."""

    name = "s3"

    def __init__(
        self,
        client: Any,
        bucket: str,
        prefix: str,
        *,
        largest_in_one: int = _LARGEST_IN_ONE,
        part: int = _PART,
    ) -> None:
        self._client = client
        self._largest_in_one = largest_in_one
        self._parts = TransferConfig(multipart_threshold=part, multipart_chunksize=part, use_threads=False)
        self._bucket = bucket
        self._root = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def put(self, school_id: int, sha256: str, source: Path) -> None:
        key = self._key(school_id, sha256)
        size = source.stat().st_size
        stored = self.size(school_id, sha256)
        if stored is None:
            self._upload(key, source)
            stored = self.size(school_id, sha256)
        if stored != size:
            raise BlobDamaged(school_id, sha256, stored=stored, expected=size)
        source.unlink(missing_ok=True)

    def _upload(self, key: str, source: Path) -> None:
        """Streamed from disk; S3 shows an object only once it is whole."""
        with source.open("rb") as body, self._explained():
            if source.stat().st_size <= self._largest_in_one:
                self._put_in_one(key, body)
            else:
                self._client.upload_fileobj(body, self._bucket, key, Config=self._parts)

    def _put_in_one(self, key: str, body: BinaryIO) -> None:
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=body, IfNoneMatch="*")
        except ClientError as error:
            # Somebody stores the same bytes at this moment: their size is looked at next.
            if _code(error) not in ("PreconditionFailed", "ConditionalRequestConflict"):
                raise

    def open(self, school_id: int, sha256: str, start: int = 0, end: int | None = None) -> BinaryIO:
        checked_range(start, end)
        if end == start:
            return self._nothing(school_id, sha256)
        options = {"Bucket": self._bucket, "Key": self._key(school_id, sha256)}
        if start > 0 or end is not None:
            options["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
        try:
            answer = self._client.get_object(**options)
        except ClientError as error:
            if _code(error) in ("NoSuchKey", "404"):
                raise BlobMissing(school_id, sha256) from error
            if _code(error) == "InvalidRange":  # the range begins behind the last byte
                return self._nothing(school_id, sha256)
            raise self._meaning(error) from error
        except BotoCoreError as error:
            raise StorageUnavailable(str(error)) from error
        return cast(BinaryIO, io.BufferedReader(_Body(answer["Body"])))

    def _nothing(self, school_id: int, sha256: str) -> BinaryIO:
        if not self.exists(school_id, sha256):
            raise BlobMissing(school_id, sha256)
        return io.BytesIO()

    def size(self, school_id: int, sha256: str) -> int | None:
        try:
            answer = self._client.head_object(Bucket=self._bucket, Key=self._key(school_id, sha256))
        except ClientError as error:
            if _code(error) in ("NoSuchKey", "404"):
                return None
            raise self._meaning(error) from error
        except BotoCoreError as error:
            raise StorageUnavailable(str(error)) from error
        return int(answer["ContentLength"])

    def exists(self, school_id: int, sha256: str) -> bool:
        return self.size(school_id, sha256) is not None

    def delete(self, school_id: int, sha256: str) -> None:
        with self._explained():
            self._client.delete_object(Bucket=self._bucket, Key=self._key(school_id, sha256))

    def digests(self, school_id: int) -> Iterator[str]:
        folder = f"{self._root}{checked_school(school_id)}/"
        for page in self._pages(Prefix=folder):
            for found in page.get("Contents", ()):
                digest = found["Key"].removeprefix(folder)
                if is_digest(digest):
                    yield digest

    def schools(self) -> Iterator[int]:
        for page in self._pages(Prefix=self._root, Delimiter="/"):
            for found in page.get("CommonPrefixes", ()):
                name = found["Prefix"].removeprefix(self._root).rstrip("/")
                if name.isdecimal():
                    yield int(name)

    def _pages(self, **options: str) -> Iterator[dict[str, Any]]:
        with self._explained():
            yield from self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, **options)

    def local_path(self, school_id: int, sha256: str) -> Path | None:
        return None

    def presign(
        self, school_id: int, sha256: str, *, filename: str, media_type: str, expires: timedelta
    ) -> str | None:
        if not timedelta(seconds=1) <= expires <= _LONGEST_EXPIRY:
            raise ValueError(f"a signed URL lives one second to seven days, not {expires}")
        options = {
            "Bucket": self._bucket,
            "Key": self._key(school_id, sha256),
            "ResponseContentDisposition": content_disposition(filename, inline_safe(media_type)),
            "ResponseContentType": media_type,
        }
        with self._explained():
            url = self._client.generate_presigned_url(
                "get_object", Params=options, ExpiresIn=int(expires.total_seconds())
            )
        return str(url)

    def healthy(self) -> None:
        with self._explained():
            self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._root, MaxKeys=1)

    def _key(self, school_id: int, sha256: str) -> str:
        return f"{self._root}{checked_school(school_id)}/{checked_digest(sha256)}"

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what S3 says into what storage says."""
        try:
            yield
        except ClientError as error:
            raise self._meaning(error) from error
        except BotoCoreError as error:
            raise StorageUnavailable(str(error)) from error

    def _meaning(self, error: ClientError) -> StorageError:
        code = _code(error)
        if code in _FULL:
            return StorageFull(f"bucket {self._bucket} takes no more: {code}")
        meaning = _MEANINGS.get(code, error.response.get("Error", {}).get("Message", ""))
        return StorageUnavailable(f"bucket {self._bucket}: {code}: {meaning}")


class _Body(io.RawIOBase):
    """The body of an answer as a file; a line cut in the middle raises instead of looking like the end."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        try:
            return int(self._body.readinto(buffer))
        except BotoCoreError as error:
            raise StorageUnavailable(f"the line was cut while reading: {error}") from error

    def close(self) -> None:
        self._body.close()
        super().close()


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
