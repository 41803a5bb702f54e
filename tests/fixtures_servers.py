"""Session fixtures of the real servers: started when the first test asks, one of each per test process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NoReturn

import pytest

from tests.servers.postgres import PostgresServer
from tests.servers.swift_s3 import SwiftS3Server
from tests.servers.tsa import TimeStampAuthority

REQUIRE = "PORTFOLIO_TEST_REQUIRE"


def absent(what: str, reason: str) -> NoReturn:
    """Skip the asking test and say why; with PORTFOLIO_TEST_REQUIRE=all fail it instead."""
    message = f"{what} is not available here: {reason}"
    if os.environ.get(REQUIRE) == "all":
        pytest.fail(f"{message} ({REQUIRE}=all allows no test to be left out)", pytrace=False)
    pytest.skip(message)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[SwiftS3Server]:
    """A running S3 server without buckets; its `environment` holds the credentials."""
    reason = SwiftS3Server.why_not()
    if reason:
        absent("The S3 server", reason)
    with SwiftS3Server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running PostgreSQL with its own empty databases only."""
    reason = PostgresServer.why_not()
    if reason:
        absent("PostgreSQL", reason)
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimeStampAuthority]:
    """A time stamping authority that answers as OpenSSL does."""
    reason = TimeStampAuthority.why_not()
    if reason:
        absent("The time stamping authority", reason)
    with TimeStampAuthority(tmp_path_factory.mktemp("tsa")) as started:
        yield started


@pytest.fixture
def tsa(authority: TimeStampAuthority) -> TimeStampAuthority:
    """The authority, as it is at the beginning of a test."""
    authority.reset()
    return authority
