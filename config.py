"""Settings: read once from the environment, checked, then frozen."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

MEGABYTE = 1024 * 1024


class SettingsInvalid(ValueError):
    """The environment holds a value that can't be used; the message names the variable and the cure."""


class Settings(BaseModel):
    """What an installation can choose. No secret has a default: the first run makes one."""

    model_config = ConfigDict(frozen=True)

    data_folder: Path
    secret_key: str = Field(min_length=16, repr=False)
    database_url: str
    storage_url: str = ""
    max_upload_bytes: int = Field(default=200 * MEGABYTE, gt=0)
    max_archive_bytes: int = Field(default=2048 * MEGABYTE, gt=0)
    chunk_bytes: int = Field(default=8 * MEGABYTE, gt=0)
    upload_lifetime: timedelta = timedelta(hours=48)
    session_lifetime: timedelta = timedelta(hours=12)
    invitation_lifetime: timedelta = timedelta(days=7)
    https: bool = False
    trusted_proxies: int = Field(default=0, ge=0)
    testing: bool = False

    @property
    def uploads_folder(self) -> Path:
        """Where unfinished uploads grow."""
        return self.data_folder / "uploads"


# field → the environment variable that sets it
VARIABLES = {
    "storage_url": "STORAGE_URL",
    "max_upload_bytes": "PORTFOLIO_MAX_UPLOAD_BYTES",
    "max_archive_bytes": "PORTFOLIO_MAX_ARCHIVE_BYTES",
    "https": "PORTFOLIO_HTTPS",
    "trusted_proxies": "PORTFOLIO_TRUSTED_PROXIES",
}


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment; makes the data folder and the secret if missing. Raises SettingsInvalid."""
    env = os.environ if environ is None else environ
    folder = Path(env.get("PORTFOLIO_DATA") or "var").resolve()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsInvalid(f"PORTFOLIO_DATA: {folder} can't be made or used: {error.strerror}") from error
    values: dict[str, object] = {
        "data_folder": folder,
        "secret_key": env.get("PORTFOLIO_SECRET") or _own_secret(folder),
        "database_url": env.get("DATABASE_URL") or f"sqlite:///{folder / 'portfolio.sqlite3'}",
    }
    values |= {field: env[name] for field, name in VARIABLES.items() if env.get(name)}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsInvalid(_explain(error)) from error


def _own_secret(folder: Path) -> str:
    """The installation's secret, made on first run and readable by its owner only."""
    path = folder / "secret"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(secret := secrets.token_urlsafe(48))
    return secret


def _explain(error: ValidationError) -> str:
    names = {"secret_key": "PORTFOLIO_SECRET"} | VARIABLES
    return "; ".join(
        f"{names.get(str(problem['loc'][0]), problem['loc'][0])}: {problem['msg']}"
        for problem in error.errors()
    )
