"""A real S3 server for the tests: OpenStack Swift with its S3 layer, one process on loopback."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType

from tests.servers.processes import ScratchFolder, start, stop, wait_until

_PREFIX = "portfolio-swift-"


class SwiftS3Server:
    """An empty S3 server between `__enter__` and `__exit__`, with one account that owns all its buckets."""

    access_key = "school:tester"
    secret_key = "only-for-tests"
    region = "us-east-1"

    def __init__(self) -> None:
        self.endpoint = ""  # http://127.0.0.1:<port> once started

    @staticmethod
    def why_not() -> str | None:
        """The reason this server can't run here, or None."""
        if not sys.platform.startswith("linux"):
            return "Swift runs on Linux only"
        if importlib.util.find_spec("swift") is None:
            return "the package swift is not installed"
        folder = Path(tempfile.gettempdir())
        if not _keeps_attributes(folder):
            return f"{folder} keeps no extended attributes, which Swift needs (set TMPDIR elsewhere)"
        return None

    @property
    def environment(self) -> dict[str, str]:
        """The AWS_* variables a client of this server needs."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def storage_url(self, bucket: str, prefix: str = "") -> str:
        """The STORAGE_URL of a bucket here."""
        return f"s3://{bucket}/{prefix}?endpoint={self.endpoint}&region={self.region}"

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        return self._process.pid

    @property
    def folder(self) -> Path:
        """Where it keeps everything."""
        return self._folder.path

    def __enter__(self) -> SwiftS3Server:
        self._folder = ScratchFolder(_PREFIX)
        try:
            self._process = self._serve(self._folder.path)
        except BaseException:
            self._folder.remove()
            raise
        return self

    def _serve(self, folder: Path) -> subprocess.Popen[bytes]:
        address, log = folder / "address", folder / "log"
        program = Path(__file__).with_name("swift_process.py")
        process = start(
            [sys.executable, program, folder, f"{self.access_key}={self.secret_key}", self.region],
            log,
            last_signal=signal.SIGKILL,
        )
        try:
            wait_until(address.exists, process, log, seconds=60)
        except BaseException:
            stop(process, signal.SIGKILL)
            raise
        self.endpoint = address.read_text()
        return process

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stop(self._process, signal.SIGKILL)  # nothing of it is kept, so nothing needs to be finished
        self._folder.remove()


def _keeps_attributes(folder: Path) -> bool:
    with tempfile.NamedTemporaryFile(dir=folder) as probe:
        try:
            os.setxattr(probe.name, "user.portfolio", b"1")
        except OSError:
            return False
    return True
