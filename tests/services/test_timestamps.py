"""Time stamps: asked for in the background, kept once they are right, asked for again where they are not."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session, sessionmaker

from config import Settings
from portfolio import jobs
from portfolio.check import Inspection
from portfolio.db import make_sessions
from portfolio.models import Package, PackageTimestamp
from portfolio.services import background, timestamps
from portfolio.storage import Storage
from tests.conftest import Clock
from tests.factories import NOW, make_dossier, score_all
from tests.filled_store import fill
from tests.package_factory import make_package
from tests.servers.tsa import TimeStampAuthority

Stamp = Callable[..., PackageTimestamp | None]


@pytest.fixture
def package(session: Session) -> Package:
    dossier = make_dossier(session)
    score_all(session, dossier)
    made = make_package(session, dossier)
    session.commit()
    return made


@pytest.fixture
def stamp(engine: Engine, package: Package, clock: Clock, tmp_path: Path) -> Stamp:
    """Does the job once; the package's row afterwards."""

    def do(url: str, ca: Path | None = None) -> PackageTimestamp | None:
        settings = Settings(
            data_folder=tmp_path,
            secret_key="a secret only tests know",
            database_url=str(engine.url),
            tsa_url=url,
            tsa_ca=ca,
        )
        sessions: sessionmaker[Session] = make_sessions(engine)
        timestamps.run(settings, sessions, clock, package_id=package.id)
        with sessions() as reading:
            return reading.get(PackageTimestamp, package.id)

    return do


def test_a_package_is_stamped_by_a_real_authority(
    stamp: Stamp, tsa: TimeStampAuthority, package: Package
) -> None:
    row = stamp(tsa.url, tsa.ca)
    assert row is not None
    assert row.stamped_at is not None
    assert abs(datetime.now(UTC) - row.stamped_at) < timedelta(minutes=5)
    assert (row.attempts, row.failure, row.authority) == (1, None, tsa.url)
    assert bytes.fromhex(package.digest) in tsa.asked[0]


def named(session: Session, storage: Storage, authorities: Path | None = None) -> list[str]:
    """What `portfolio check` says of the packages."""
    session.rollback()  # a reader sees what was there when it began
    inspection = Inspection(session, storage, quick=True, authorities=authorities)
    return [str(each) for each in inspection.problems()]


@pytest.mark.parametrize(
    ("forge", "matter"),
    [
        ({"response": b"<html>busy</html>"}, "its time stamp can't be read as a time stamp (RFC 3161)"),
        ({"stamped_at": NOW}, "its time stamp says "),
    ],
)
def test_the_check_compares_a_stamp_with_the_package_and_with_its_time(
    session: Session,
    storage: Storage,
    package: Package,
    stamp: Stamp,
    tsa: TimeStampAuthority,
    forge: dict[str, object],
    matter: str,
) -> None:
    stamp(tsa.url)
    assert named(session, storage) == []
    session.execute(update(PackageTimestamp).values(**forge))
    session.commit()
    (found,) = named(session, storage)
    assert f"package {package.id} (number 1 of dossier {package.dossier_id}): {matter}" in found


def test_the_check_names_the_stamp_of_another_package(
    session: Session, storage: Storage, stamp: Stamp, tsa: TimeStampAuthority
) -> None:
    from portfolio.documents.archive.stamp import query

    stamp(tsa.url)
    session.rollback()
    session.execute(update(PackageTimestamp).values(response=tsa.stamped(query("another").as_bytes())))
    session.commit()
    (found,) = named(session, storage)
    assert found.endswith("its time stamp is the time stamp of another package")


def test_the_check_names_a_stamp_whose_signature_leads_to_none_of_the_authorities(
    session: Session, storage: Storage, stamp: Stamp, tsa: TimeStampAuthority
) -> None:
    stamp(tsa.url)
    assert named(session, storage, tsa.ca) == []
    (found,) = named(session, storage, tsa.other_ca)
    assert found.endswith("its time stamp has a signature that does not lead to the given certificates")


def test_a_stamp_that_is_there_is_not_asked_for_again(stamp: Stamp, tsa: TimeStampAuthority) -> None:
    first = stamp(tsa.url)
    again = stamp(tsa.url)
    assert first is not None
    assert again is not None
    assert len(tsa.asked) == 1
    assert again.stamped_at == first.stamped_at


def test_without_an_authority_nothing_is_asked_for(stamp: Stamp) -> None:
    assert stamp("") is None


def test_a_stamp_of_somebody_else_is_not_taken(stamp: Stamp, tsa: TimeStampAuthority) -> None:
    row = stamp(tsa.url, tsa.other_ca)
    assert row is not None
    assert (row.failure, row.stamped_at) == ("signature", None)


@pytest.mark.parametrize(
    ("answer", "status", "failure"),
    [
        (b"<html>busy</html>", 200, "unreadable"),
        (b"", 200, "unreadable"),
        (b"x" * (300 * 1024), 200, "strange_answer"),
        (b"", 503, "strange_answer"),
        # PKIStatus 2: rejection, without a token
        (bytes.fromhex("30053003020102"), 200, "refused"),
    ],
)
def test_an_answer_that_is_no_stamp_is_named_and_asked_for_again_later(
    stamp: Stamp, tsa: TimeStampAuthority, clock: Clock, answer: bytes, status: int, failure: str
) -> None:
    tsa.answer, tsa.status = answer, status
    row = stamp(tsa.url)
    assert row is not None
    assert (row.failure, row.attempts) == (failure, 1)
    assert row.next_try_at == clock.now + timedelta(minutes=2)
    tsa.answer, tsa.status = None, 200
    clock.now += timedelta(minutes=1)
    assert stamp(tsa.url).attempts == 1  # type: ignore[union-attr]
    clock.now += timedelta(minutes=1)
    again = stamp(tsa.url)
    assert again is not None
    assert (again.failure, again.attempts) == (None, 2)
    assert again.stamped_at is not None


def test_an_answer_to_another_request_is_not_taken(stamp: Stamp, tsa: TimeStampAuthority) -> None:
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    asked = TimestampRequestBuilder().data(b"another").hash_algorithm(HashAlgorithm.SHA256).build()
    tsa.answer = tsa.stamped(asked.as_bytes())
    row = stamp(tsa.url)
    assert row is not None
    assert row.failure == "other_digest"


def test_a_replayed_answer_is_not_taken(
    stamp: Stamp, tsa: TimeStampAuthority, package: Package, session: Session
) -> None:
    from portfolio.documents.archive.stamp import query

    manifest = session.scalars(select(Package.manifest).where(Package.id == package.id)).one()
    tsa.answer = tsa.stamped(query(manifest).as_bytes())
    session.rollback()
    row = stamp(tsa.url)
    assert row is not None
    assert row.failure == "other_request"


def test_where_nobody_answers_the_waits_grow_up_to_a_day(stamp: Stamp, clock: Clock) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/tsr"
        waits = []
        for _ in range(13):
            row = stamp(url)
            assert row is not None
            assert row.failure == "unreachable"
            waits.append(row.next_try_at - clock.now)
            clock.now = row.next_try_at
    assert waits[:3] == [timedelta(minutes=2), timedelta(minutes=4), timedelta(minutes=8)]
    assert waits[-1] == timedelta(hours=24)


def test_what_lacks_a_stamp_is_due_and_what_waits_or_has_one_is_not(
    session: Session, package: Package, stamp: Stamp, tsa: TimeStampAuthority, clock: Clock
) -> None:
    assert timestamps.due(session, NOW) == [package.id]
    session.rollback()
    tsa.status = 500
    stamp(tsa.url)
    session.rollback()  # a reader sees what was there when it began
    assert timestamps.due(session, NOW + timedelta(minutes=1)) == []
    assert timestamps.due(session, NOW + timedelta(minutes=2)) == [package.id]
    session.rollback()
    tsa.status = 200
    clock.now += timedelta(minutes=2)
    stamp(tsa.url)
    session.rollback()
    assert timestamps.due(session, NOW + timedelta(days=2)) == []


def test_signing_asks_for_a_stamp_and_waits_for_none(
    session: Session, storage: Storage, tmp_path: Path
) -> None:
    made = fill(session, storage, tmp_path)
    asked = [job for job in jobs.asked(session) if job.handler == timestamps.JOB]
    assert [job.arguments for job in asked] == [{"package_id": made.package.id}]


def test_the_sweep_sends_a_job_for_what_lacks_a_stamp_whatever_else_waits(
    engine: Engine, package: Package, clock: Clock, tmp_path: Path
) -> None:
    queue = jobs.Jobs(f"sqlite:///{tmp_path / 'x.sqlite3'}", tmp_path)
    queue.send([jobs.Job("sweep", {})])
    background.stamp(queue, make_sessions(engine), clock)
    assert queue.waiting() == 2
