"""Settings: read once from the environment, checked, then frozen."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from rubric.gaps import Weights, default_weights, load_weights
from rubric.reader import RubricInvalid

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
    # mail is off until a server is named; then it also needs a sender and this site's own address
    smtp_host: str = ""
    smtp_port: int = Field(default=25, gt=0, le=65535)
    smtp_security: Literal["none", "starttls", "tls"] = "none"
    smtp_user: str = ""
    smtp_password: str = Field(default="", repr=False)
    mail_from: str = ""
    public_url: str = ""
    remind_days: tuple[int, ...] = (7, 1)
    # an authority that stamps packages with the time (RFC 3161), and the certificates its signature leads to
    tsa_url: str = ""
    tsa_ca: Path | None = None
    # what gaps weigh; the weights that come with the rubric, where no file is named
    gap_weights: Path | None = None
    testing: bool = False

    @field_validator("remind_days", mode="before")
    @classmethod
    def _days(cls, value: object) -> object:
        """ "7,1" → (7, 1), the earliest reminder first."""
        if not isinstance(value, str):
            return value
        parts = [part.strip() for part in value.split(",")]
        if not all(part.isascii() and part.isdigit() and int(part) <= 60 for part in parts):
            raise ValueError("name days from 0 to 60, such as 7,1")
        return tuple(sorted({int(part) for part in parts}, reverse=True))

    @field_validator("gap_weights")
    @classmethod
    def _weights_can_be_read(cls, path: Path | None) -> Path | None:
        try:
            if path is not None:
                load_weights(path)
        except RubricInvalid as error:
            raise ValueError("; ".join(str(problem) for problem in error.problems)) from error
        return path

    @field_validator("tsa_url")
    @classmethod
    def _authority_has_an_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("name the authority's address, such as https://tsa.example.cn/tsr")
        return value

    @field_validator("tsa_ca")
    @classmethod
    def _certificates_can_be_read(cls, path: Path | None) -> Path | None:
        if path is not None and (not path.is_file() or b"BEGIN CERTIFICATE" not in path.read_bytes()):
            raise ValueError(f"{path} holds no certificates (PEM)")
        return path

    @model_validator(mode="after")
    def _mail_is_whole(self) -> Settings:
        if self.smtp_host and not (
            "@" in self.mail_from and self.public_url.startswith(("http://", "https://"))
        ):
            raise ValueError(
                "PORTFOLIO_SMTP_HOST needs PORTFOLIO_MAIL_FROM (an address) and PORTFOLIO_URL (https://…) beside it"
            )
        return self

    def read_weights(self) -> Weights:
        """What gaps weigh in this installation."""
        return load_weights(self.gap_weights) if self.gap_weights else default_weights()

    @property
    def uploads_folder(self) -> Path:
        """Where unfinished uploads grow."""
        return self.data_folder / "uploads"

    @property
    def templates_folder(self) -> Path:
        """Where compiled templates are kept; it may be emptied at any time."""
        return self.data_folder / "templates"

    @property
    def errands_folder(self) -> Path:
        """Where archives are written before they are kept, and wait before they are taken in."""
        return self.data_folder / "errands"


# field → the environment variable that sets it
VARIABLES = {
    "storage_url": "STORAGE_URL",
    "max_upload_bytes": "PORTFOLIO_MAX_UPLOAD_BYTES",
    "max_archive_bytes": "PORTFOLIO_MAX_ARCHIVE_BYTES",
    "https": "PORTFOLIO_HTTPS",
    "trusted_proxies": "PORTFOLIO_TRUSTED_PROXIES",
    "smtp_host": "PORTFOLIO_SMTP_HOST",
    "smtp_port": "PORTFOLIO_SMTP_PORT",
    "smtp_security": "PORTFOLIO_SMTP_SECURITY",
    "smtp_user": "PORTFOLIO_SMTP_USER",
    "smtp_password": "PORTFOLIO_SMTP_PASSWORD",
    "mail_from": "PORTFOLIO_MAIL_FROM",
    "public_url": "PORTFOLIO_URL",
    "remind_days": "PORTFOLIO_REMIND_DAYS",
    "tsa_url": "PORTFOLIO_TSA_URL",
    "tsa_ca": "PORTFOLIO_TSA_CA",
    "gap_weights": "PORTFOLIO_GAP_WEIGHTS",
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
        if problem["loc"]
        else problem["msg"].removeprefix("Value error, ")
        for problem in error.errors()
    )
