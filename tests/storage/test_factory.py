"""STORAGE_URL: right ones give a storage, wrong ones say what is wrong and what a right one looks like."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from portfolio.storage import StorageMisconfigured
from portfolio.storage.factory import from_url
from portfolio.storage.local import LocalStorage

_NO_CREDENTIALS = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    "AWS_CONFIG_FILE": "/nonexistent",
}


@pytest.fixture
def without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in _NO_CREDENTIALS.items():
        monkeypatch.setenv(name, value)


def test_no_url_means_a_folder_in_the_data_folder(tmp_path: Path) -> None:
    storage = from_url("", tmp_path)
    assert isinstance(storage, LocalStorage)
    assert storage.root == tmp_path / "files"
    assert storage.name == "local"


def test_a_file_url_names_a_folder_in_any_language(tmp_path: Path) -> None:
    storage = from_url(f"file://{tmp_path}/%E4%BD%90%E8%AF%81%20files", tmp_path / "unused")
    assert isinstance(storage, LocalStorage)
    assert storage.root == tmp_path / "佐证 files"
    assert storage.root.is_dir()


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("ftp://host/files", "the scheme 'ftp'"),
        ("/srv/files", "no scheme"),
        ("file://relative/path", r"followed by a host \(relative\)"),
        ("file:///", "no folder"),
        ("file:", "no folder"),
        ("s3://", "no bucket"),
        ("s3:///prefix", "no bucket"),
        ("s3://UPPER/x", "can't be a bucket's name"),
        ("s3://bucket:9000/x", "can't be a bucket's name"),
        ("s3://bucket?endpoint=127.0.0.1:9000", "no http or https address"),
        ("s3://bucket?endpoint=http://", "no http or https address"),
        ("s3://bucket?regoin=us-east-1", "regoin is no option"),
        ("s3://[bucket", "no URL"),
    ],
)
def test_a_wrong_url_is_explained_with_right_ones(tmp_path: Path, url: str, complaint: str) -> None:
    with pytest.raises(StorageMisconfigured, match=complaint) as refused:
        from_url(url, tmp_path)
    assert "s3://bucket/prefix?endpoint=" in str(refused.value)
    assert "file:///" in str(refused.value)


def test_credentials_in_the_url_are_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(StorageMisconfigured, match="AWS_SECRET_ACCESS_KEY") as refused:
        from_url("s3://KEY:topsecret@bucket/prefix", tmp_path)
    assert "topsecret" not in str(refused.value)


def test_missing_credentials_are_named(tmp_path: Path, without_credentials: None) -> None:
    with pytest.raises(StorageMisconfigured, match="AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        from_url("s3://bucket/prefix?endpoint=http://127.0.0.1:9000", tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "occupied").write_text("a file, not a folder")
    with pytest.raises(StorageMisconfigured, match="occupied/files can't be made"):
        from_url("", tmp_path / "occupied")


def test_local_storage_does_not_load_boto3(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from portfolio.storage.factory import from_url;"
        " from_url('', Path(sys.argv[1])); sys.exit('boto3' in sys.modules or 'botocore' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", program, tmp_path], cwd=root).returncode == 0
