"""Derivatives: asked for once, made in the background, kept beside the original, found again when a worker dies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.orm import Session, sessionmaker

from portfolio import jobs
from portfolio.check import Inspection
from portfolio.db import begin_write, make_sessions
from portfolio.derive import Limits
from portfolio.errors import DomainError, NotFound
from portfolio.models import (
    Blob,
    Derivation,
    DerivationState,
    Dossier,
    Evidence,
    EvidenceVersion,
    Package,
    PackageFile,
    PageImage,
    PageText,
    School,
    SearchChunk,
    TextSource,
)
from portfolio.queries import derived
from portfolio.queries.submission import check_list
from portfolio.services import blobs, derivations, deriving, packages
from portfolio.services.derivations import GIVEN_UP_AFTER, MOST_ATTEMPTS
from portfolio.storage import Storage
from tests.derive.samples import encoded, pdf, phone_exif, scene
from tests.factories import (
    NOW,
    PASSWORD,
    actor_for,
    cite,
    make_dossier,
    make_evidence,
    make_school,
    make_staff,
    score_all,
)

PDF, JPEG = "application/pdf", "image/jpeg"
PHOTO = encoded(scene(), "JPEG", exif=phone_exif())


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither LibreOffice nor tesseract, wherever the tests run."""
    monkeypatch.setenv("PATH", "/nonexistent")


@pytest.fixture
def sessions(engine: Engine) -> sessionmaker[Session]:
    """Sessions of the workers."""
    return make_sessions(engine)


@pytest.fixture
def school(session: Session) -> School:
    """A school."""
    return make_school(session)


# Adds evidence with these bytes, asks for its derivatives, and commits; gives its digest.
Add = Callable[..., str]


@pytest.fixture
def add(session: Session, storage: Storage, school: School, tmp_path: Path) -> Add:
    """See Add."""

    def run(content: bytes, media_type: str, *, of: School | None = None) -> str:
        owner = of or school
        made = make_evidence(session, owner, storage, tmp_path, content=content, media_type=media_type)
        digest = digest_of(session, made)
        derivations.request(session, school_id=owner.id, sha256=digest, now=NOW)
        session.commit()
        jobs.asked(session)
        return digest

    return run


@pytest.fixture
def work(sessions: sessionmaker[Session], storage: Storage, school: School) -> Callable[..., None]:
    """Does the job of a digest as a worker does it, at a moment."""
    school_id = school.id  # read later, it would begin a transaction of the test's own

    def run(digest: str, now: datetime = NOW) -> None:
        derivations.run(sessions, storage, school_id=school_id, sha256=digest, clock=lambda: now)

    return run


def digest_of(session: Session, evidence: Evidence) -> str:
    return session.scalars(
        select(EvidenceVersion.sha256).where(EvidenceVersion.evidence_id == evidence.id)
    ).one()


def row_of(session: Session, school: School, digest: str) -> Derivation:
    session.expire_all()
    return session.get_one(Derivation, (school.id, digest))


def test_bytes_are_asked_for_once_and_the_message_goes_out_with_the_commit(
    session: Session, storage: Storage, school: School, tmp_path: Path
) -> None:
    digest = digest_of(session, make_evidence(session, school, storage, tmp_path))
    for _ in range(2):
        derivations.request(session, school_id=school.id, sha256=digest, now=NOW)
    asked = jobs.asked(session)
    assert [(job.handler, job.arguments["sha256"]) for job in asked] == [(derivations.JOB, digest)]
    assert jobs.asked(session) == []


def test_a_pdf_gets_pages_images_in_two_widths_and_is_entered_in_the_index(
    session: Session, storage: Storage, school: School, add: Add, work: Callable[..., None]
) -> None:
    digest = add(pdf("教代会审议绩效工资方案", "学校章程第二章"), PDF)
    work(digest)
    row = row_of(session, school, digest)
    assert (row.state, row.page_count, row.text_source) == (DerivationState.DONE, 2, TextSource.LAYER)
    texts = session.scalars(select(PageText.text).order_by(PageText.page)).all()
    assert ["教代会" in text for text in texts] == [True, False]
    images = session.scalars(select(PageImage).order_by(PageImage.page, PageImage.width)).all()
    assert [(image.page, image.size) for image in images] == [
        (1, "thumbnail"), (1, "page"), (1, "page_large"), (2, "page"), (2, "page_large"),
    ]  # fmt: skip
    assert all(storage.exists(school.id, image.image_sha256) for image in images)
    assert session.scalar(select(func.count()).where(SearchChunk.sha256 == digest)) == 2


def test_a_photo_gets_a_copy_without_place_and_device_and_stays_as_it_was(
    session: Session, storage: Storage, school: School, add: Add, work: Callable[..., None]
) -> None:
    digest = add(PHOTO, JPEG)
    work(digest)
    row = row_of(session, school, digest)
    assert row.public_sha256 not in (None, digest)
    assert str(row.taken_on) == "2024-09-12"
    assert row.public_sha256 is not None
    with storage.open(school.id, row.public_sha256) as copy:
        public = copy.read()
    assert len(public) == row.public_size
    assert b"Huawei" not in public and b"Mate 60" not in public
    with storage.open(school.id, row.public_sha256) as copy, Image.open(copy) as picture:
        assert not picture.getexif().get_ifd(0x8825)
    with storage.open(school.id, digest) as original:
        assert original.read() == PHOTO


def test_a_hostile_file_fails_with_its_reason_and_can_be_tried_again(
    session: Session, school: School, add: Add, work: Callable[..., None]
) -> None:
    digest = add(b"%PDF-1.7 nothing of the kind", PDF)
    work(digest)
    row = row_of(session, school, digest)
    assert (row.state, row.failure) == (DerivationState.FAILED, "unreadable")

    derivations.retry(session, school_id=school.id, sha256=digest, now=NOW)
    session.commit()
    assert [job.handler for job in jobs.asked(session)] == [derivations.JOB]
    assert row_of(session, school, digest).state is DerivationState.WAITING
    with pytest.raises(DomainError, match="derivation_under_way"):
        derivations.retry(session, school_id=school.id, sha256=digest, now=NOW)
    with pytest.raises(NotFound):
        derivations.retry(session, school_id=school.id, sha256="0" * 64, now=NOW)


def test_bytes_that_are_gone_are_named_as_the_reason(
    session: Session, storage: Storage, school: School, add: Add, work: Callable[..., None]
) -> None:
    digest = add(PHOTO, JPEG)
    storage.delete(school.id, digest)
    work(digest)
    assert row_of(session, school, digest).failure == "bytes_missing"


def test_what_a_worker_has_in_hand_no_other_takes_until_it_must_be_dead(
    session: Session, school: School, add: Add, work: Callable[..., None]
) -> None:
    digest = add(b"one line", "text/plain")
    session.execute(update(Derivation).values(state=DerivationState.RUNNING, started_at=NOW, attempts=1))
    session.commit()
    work(digest, NOW + GIVEN_UP_AFTER / 2)
    assert row_of(session, school, digest).attempts == 1
    assert derivations.stale(session, NOW + GIVEN_UP_AFTER / 2) == []
    session.rollback()

    later = NOW + GIVEN_UP_AFTER
    assert derivations.stale(session, later) == [(school.id, digest)]
    session.rollback()
    work(digest, later)
    row = row_of(session, school, digest)
    assert (row.state, row.attempts) == (DerivationState.DONE, 2)


def test_a_worker_that_comes_too_late_changes_nothing(
    session: Session, storage: Storage, school: School, add: Add
) -> None:
    digest = add(b"one line", "text/plain")
    session.execute(update(Derivation).values(state=DerivationState.RUNNING, started_at=NOW, attempts=2))
    derivations._conclude(session, storage, school.id, digest, 1, "crashed", NOW)
    assert row_of(session, school, digest).state is DerivationState.RUNNING


def test_a_file_that_takes_every_worker_along_is_given_up(session: Session, school: School, add: Add) -> None:
    digest = add(b"one line", "text/plain")
    session.execute(
        update(Derivation).values(
            state=DerivationState.RUNNING, started_at=NOW - GIVEN_UP_AFTER, attempts=MOST_ATTEMPTS
        )
    )
    derivations.give_up(session, now=NOW)
    row = row_of(session, school, digest)
    assert (row.state, row.failure) == (DerivationState.FAILED, "crashed")
    assert derivations.stale(session, NOW) == []


def test_bytes_from_before_there_were_derivatives_are_found(
    session: Session, storage: Storage, school: School, tmp_path: Path
) -> None:
    digest = digest_of(session, make_evidence(session, school, storage, tmp_path))
    derivations.request_missing(session, now=NOW)
    derivations.request_missing(session, now=NOW)
    assert derivations.stale(session, NOW) == [(school.id, digest)]


def test_what_was_made_goes_with_the_bytes_and_not_before(
    session: Session, storage: Storage, school: School, add: Add, work: Callable[..., None]
) -> None:
    digest = add(pdf("校务公开"), PDF)
    work(digest)
    kept = set(storage.digests(school.id))
    long_after = NOW + timedelta(days=3)
    assert blobs.sweep(session, storage, now=long_after) == 0
    assert set(storage.digests(school.id)) == kept

    for table in (EvidenceVersion, Blob):
        assert session.scalar(select(func.count()).select_from(table)) == 1
    session.execute(delete(EvidenceVersion))
    blobs.sweep(session, storage, now=long_after)
    session.commit()
    begin_write(session)
    blobs.sweep(session, storage, now=long_after)
    assert set(storage.digests(school.id)) == set()
    for gone in (Derivation, PageText, PageImage):
        assert session.scalar(select(func.count()).select_from(gone)) == 0
    assert session.scalar(select(func.count()).where(SearchChunk.sha256.is_not(None))) == 0


def test_the_same_bytes_of_two_schools_are_two_things(
    session: Session, storage: Storage, school: School, add: Add, work: Callable[..., None]
) -> None:
    other = make_school(session)
    same = pdf("校务公开")
    digest = add(same, PDF)
    add(same, PDF, of=other)
    work(digest)
    assert row_of(session, school, digest).state is DerivationState.DONE
    assert row_of(session, other, digest).state is DerivationState.WAITING
    assert derived.viewing(session, school_id=other.id, sha256=digest, page=1).pages == {}


def test_a_page_far_into_a_long_file_is_drawn_when_it_is_asked_for(
    session: Session,
    sessions: sessionmaker[Session],
    storage: Storage,
    school: School,
    add: Add,
    work: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deriving, "LIMITS", Limits(page_images=1))
    digest = add(pdf("一", "二", "三"), PDF)
    work(digest)
    school_id = school.id
    session.rollback()
    drawn = select(PageImage.page).where(PageImage.size == "page").order_by(PageImage.page)
    assert session.scalars(drawn).all() == [1]
    session.rollback()
    for page in (3, 3, 4):
        derivations.draw(sessions, storage, school_id=school_id, sha256=digest, page=page)
    assert session.scalars(drawn).all() == [1, 2, 3]
    assert list(Inspection(session, storage).problems()) == []


# ---- Packages ----


@pytest.fixture
def dossier(session: Session, storage: Storage, school: School, tmp_path: Path) -> Dossier:
    """A complete dossier that cites one photo, whose public copy nobody has made."""
    dossier = make_dossier(session, school)
    score_all(session, dossier)
    photo = make_evidence(
        session,
        school,
        storage,
        tmp_path,
        title="升旗仪式",
        content=PHOTO,
        media_type=JPEG,
        years=(2026, 2025),
    )
    for assessment in check_list(session, dossier, now=NOW).standing.assessments:
        cite(session, dossier, assessment, photo)
    derivations.request(session, school_id=school.id, sha256=digest_of(session, photo), now=NOW)
    return dossier


def hand_over(session: Session, dossier: Dossier, lead: object) -> None:
    actor = actor_for(session, lead)  # type: ignore[arg-type]
    gaps = [gap.key for gap in check_list(session, dossier, now=NOW).open]
    if gaps:
        packages.waive(session, actor=actor, now=NOW, dossier=dossier, keys=gaps, reason="材料在区教育局存档")
    packages.hand_over(session, actor=actor, now=NOW, dossier=dossier)


def test_no_package_freezes_while_a_copy_is_in_the_making_and_then_it_names_both_digests(
    session: Session, storage: Storage, school: School, dossier: Dossier, work: Callable[..., None]
) -> None:
    staff = make_staff(session, school)
    hand_over(session, dossier, staff.lead)
    session.commit()
    principal = actor_for(session, staff.principal)

    def sign() -> Package:
        return packages.sign(
            session, actor=principal, now=NOW, dossier=dossier, password=PASSWORD, storage=storage
        )

    (missing,) = check_list(session, dossier, now=NOW).missing_copies
    assert (missing.title, missing.failed) == ("升旗仪式", False)
    with pytest.raises(DomainError) as refused:
        sign()
    assert (refused.value.code, refused.value.context["titles"]) == ("copy_in_the_making", "升旗仪式")

    session.rollback()
    work(missing.sha256)
    session.expire_all()
    session.refresh(dossier, ["school", "cycle"])
    package = sign()
    session.flush()
    public = row_of(session, school, missing.sha256).public_sha256
    assert session.scalars(select(PackageFile.public_sha256)).all() == [public]
    assert f'"public_sha256":"{public}"' in package.manifest.replace(" ", "")
    assert f'"sha256":"{missing.sha256}"' in package.manifest.replace(" ", "")

    assert public is not None
    assert list(Inspection(session, storage).problems()) == []
    storage.delete(school.id, public)
    problems = [str(problem) for problem in Inspection(session, storage).problems()]
    assert any("public copy in a package" in problem and public in problem for problem in problems)


def test_a_copy_that_failed_is_named_before_the_principal_sees_the_dossier(
    session: Session, school: School, dossier: Dossier
) -> None:
    session.execute(
        update(Derivation).values(state=DerivationState.FAILED, failure="too_many_pixels", finished_at=NOW)
    )
    with pytest.raises(DomainError) as refused:
        hand_over(session, dossier, make_staff(session, school).lead)
    assert (refused.value.code, refused.value.context["titles"]) == ("copy_failed", "升旗仪式")


def test_loading_makes_copies_within_its_own_transaction(
    session: Session, storage: Storage, school: School, dossier: Dossier
) -> None:
    missing = check_list(session, dossier, now=NOW).missing_copies
    derivations.run_within(
        session, storage, school_id=school.id, digests=[copy.sha256 for copy in missing], now=NOW
    )
    assert check_list(session, dossier, now=NOW).missing_copies == ()
