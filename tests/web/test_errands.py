"""Long work over HTTP: asked for, followed, fetched in ranges, cancelled; by whoever asked, and nobody else."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portfolio.db import make_engine, make_sessions, writing
from portfolio.documents.archive.verify import Verification
from portfolio.models import (
    Errand,
    ErrandState,
    Evidence,
    EvidenceVersion,
    Membership,
    Review,
    Role,
    School,
    User,
)
from portfolio.services import accounts, blobs, errands, sweeping
from portfolio.services.errand_work import Worker
from portfolio.services.moving import reading
from portfolio.storage import Storage
from tests.conftest import Browser, Clock, fresh
from tests.factories import (
    NOW,
    cite,
    make_dossier,
    make_evidence,
    make_school,
    make_staff,
    make_user,
    score_all,
)
from tests.moving_factory import export
from tests.panel_factory import Scene, make_scene

LogIn = Callable[[User], Browser]
TITLE = "党支部会议记录"


@dataclass
class Ground:
    app: Flask
    clock: Clock
    scene: Scene
    lead: User
    bureau: User
    evidence: Evidence

    @property
    def storage(self) -> Storage:
        found: Storage = self.app.extensions["portfolio"].storage
        return found

    @property
    def pack(self) -> str:
        return f"/packages/{self.scene.package.id}/archive"

    @property
    def school_archive(self) -> str:
        return f"/schools/{self.scene.school.id}/archive"

    def worker(self) -> Worker:
        composed = self.app.extensions["portfolio"]
        return Worker(composed.sessions, composed.storage, composed.settings.errands_folder, self.clock)

    def errand(self) -> Errand:
        with self.app.extensions["portfolio"].sessions() as session:
            found: Errand = session.scalars(select(Errand).order_by(Errand.asked_at.desc())).first()
            return found

    def work(self) -> Errand:
        self.worker().run(errand_id=self.errand().id)
        return self.errand()

    def stored(self) -> Path:
        with self.app.extensions["portfolio"].sessions() as session:
            version = session.scalars(select(EvidenceVersion).filter_by(evidence_id=self.evidence.id)).one()
        path = self.storage.local_path(self.scene.school.id, version.sha256)
        assert path is not None
        return path


@dataclass
class Interrupted:
    """A store in which something happens while a file is put into it."""

    storage: Storage
    during: Callable[[], None]

    def put(self, school_id: int, sha256: str, path: Path) -> None:
        """As the store does."""
        self.storage.put(school_id, sha256, path)
        self.during()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.storage, name)


@pytest.fixture
def ground(app: Flask, store: Session, clock: Clock, tmp_path: Path) -> Ground:
    """A package with one file, under review."""
    storage: Storage = app.extensions["portfolio"].storage
    dossier = make_dossier(store, make_school(store))
    score_all(store, dossier)
    evidence = make_evidence(
        store, dossier.school, storage, tmp_path, title=TITLE, content=b"minutes " * 1000
    )
    cite(store, dossier, "C1", evidence, page=3)
    scene = make_scene(store, dossier=dossier)
    lead = make_staff(store, dossier.school).lead
    bureau = make_user(store, Role.BUREAU)
    store.commit()
    return Ground(app, clock, scene, lead, bureau, evidence)


def test_a_packages_archive_is_made_and_fetched_in_ranges(
    ground: Ground, log_in: LogIn, tmp_path: Path
) -> None:
    lead = log_in(ground.lead)
    assert lead.post(ground.pack, {"originals": "1"}).location == "/errands"
    assert "data-making" in lead.get("/errands").get_data(as_text=True)
    done = ground.work()
    assert (done.state, done.failure) == (ErrandState.DONE, None)
    address = f"/errands/{done.id}/file"
    assert address == lead.post(f"/errands/{done.id}/fetching").location
    whole = lead.get(address, buffered=True)
    path = tmp_path / "fetched.zip"
    path.write_bytes(whole.get_data())
    assert [f for f in Verification(path).findings(ground.scene.package.digest) if f.matter] == []
    part = lead.get(address, headers={"Range": "bytes=100-199"}, buffered=True)
    assert (part.status_code, part.get_data()) == (206, whole.get_data()[100:200])
    assert "UTF-8''" in whole.headers["Content-Disposition"]


def test_one_is_told_on_every_page_until_one_has_fetched_it(ground: Ground, log_in: LogIn) -> None:
    lead = log_in(ground.lead)
    lead.post(ground.pack)
    assert "has-news" not in lead.get("/account").get_data(as_text=True)
    done = ground.work()
    assert "has-news" in lead.get("/account").get_data(as_text=True)
    lead.post(f"/errands/{done.id}/fetching")
    assert "has-news" not in lead.get("/account").get_data(as_text=True)


def test_asking_twice_makes_one(ground: Ground, log_in: LogIn, store: Session) -> None:
    lead = log_in(ground.lead)
    for _time in range(2):
        lead.post(ground.pack)
        lead.post(ground.school_archive)
    assert len(store.scalars(select(Errand)).all()) == 2


def test_a_whole_school_goes_out_and_its_digest_is_told(ground: Ground, log_in: LogIn) -> None:
    principal = log_in(ground.bureau)
    assert principal.get(ground.school_archive).status_code == 200
    principal.post(ground.school_archive)
    done = ground.work()
    assert done.state is ErrandState.DONE
    path = ground.storage.local_path(ground.scene.school.id, done.sha256 or "")
    assert path is not None
    with reading.read(path) as archive:
        assert archive.digest in principal.get("/errands").get_data(as_text=True)


def test_a_changed_file_stops_it_and_is_named_where_the_person_sees_it(ground: Ground, log_in: LogIn) -> None:
    path = ground.stored()
    path.chmod(0o644)
    path.write_bytes(b"M" + path.read_bytes()[1:])
    lead = log_in(ground.lead)
    lead.post(ground.pack)
    assert ground.work().state is ErrandState.FAILED
    assert TITLE in lead.get("/errands").get_data(as_text=True)


def test_nobody_else_sees_or_fetches_it_and_rights_are_asked_again(
    ground: Ground, log_in: LogIn, store: Session
) -> None:
    expert = log_in(ground.scene.experts[0])
    expert.post(ground.pack)
    done = ground.work()
    address = f"/errands/{done.id}/file"
    assert expert.get(address, buffered=True).status_code == 200
    for other in (ground.lead, ground.bureau):
        assert log_in(other).get(address).status_code == 404
        assert str(done.id) not in log_in(other).get("/errands").get_data(as_text=True)
    store.execute(
        Membership.__table__.delete().where(Membership.user_id == ground.scene.experts[0].id)  # type: ignore[attr-defined]
    )
    store.commit()
    assert expert.get(address).status_code == 404


def test_an_expert_can_not_ask_for_originals_nor_a_contributor_for_the_school(
    ground: Ground, log_in: LogIn, store: Session
) -> None:
    assert log_in(ground.scene.experts[0]).post(ground.pack, {"originals": "1"}).status_code == 404
    contributor = make_user(store, Role.CONTRIBUTOR, school=store.get_one(School, ground.scene.school.id))
    store.commit()
    assert log_in(contributor).post(ground.school_archive).status_code == 403


def test_whoever_is_still_to_judge_the_school_alone_gets_no_archive_of_it(
    ground: Ground, log_in: LogIn, store: Session
) -> None:
    """It tells what earlier panels settled."""
    user = ground.scene.experts[0]
    accounts.grant(store, user=user, role=Role.BUREAU)
    store.commit()
    both = log_in(user)
    assert both.get(ground.school_archive).status_code == 404
    assert both.post(ground.school_archive).status_code == 404
    store.execute(update(Review).values(handed_in_at=NOW))
    store.commit()
    both.post(ground.school_archive)
    address = f"/errands/{ground.work().id}/file"
    assert both.get(address, buffered=True).status_code == 200
    store.execute(update(Review).values(handed_in_at=None))
    store.commit()
    assert both.get(address).status_code == 404


def test_a_cancelled_errand_ends_its_worker(ground: Ground, log_in: LogIn, store: Session) -> None:
    lead = log_in(ground.lead)
    lead.post(ground.pack)
    errand = ground.errand()
    asked: list[float] = []

    class Cancelling(Clock):
        """Time goes on; at the second look the person cancels."""

        def __call__(self) -> object:  # type: ignore[override]
            asked.append(1)
            if len(asked) == 3:
                assert lead.post(f"/errands/{errand.id}/cancellation").status_code == 302
            return NOW + timedelta(seconds=2 * len(asked))

    worker = ground.worker()
    Worker(worker.sessions, worker.storage, worker.folder, Cancelling()).run(errand_id=errand.id)  # type: ignore[arg-type]
    assert ground.errand().state is ErrandState.CANCELLED
    assert list(worker.folder.iterdir()) == []
    assert lead.post(f"/errands/{errand.id}/removal").status_code == 302
    assert store.scalars(select(Errand)).all() == []


def test_what_is_ready_outlives_the_sweep_for_three_days(ground: Ground, log_in: LogIn) -> None:
    lead = log_in(ground.lead)
    lead.post(ground.pack)
    done = ground.work()
    composed = ground.app.extensions["portfolio"]

    def sweep() -> None:
        with composed.sessions() as session:
            errands.give_up(session, now=ground.clock.now)
            session.commit()
        folder = composed.settings.uploads_folder
        sweeping.sweep_store(composed.sessions, ground.storage, folder, clock=ground.clock)

    ground.clock.now = NOW + timedelta(days=2)
    sweep()
    assert ground.storage.exists(ground.scene.school.id, done.sha256 or "")
    ground.clock.now = NOW + timedelta(days=4)
    sweep()
    assert not ground.storage.exists(ground.scene.school.id, done.sha256 or "")


def test_a_sweep_while_an_archive_is_put_away_leaves_it(ground: Ground, log_in: LogIn) -> None:
    lead, worker = log_in(ground.lead), ground.worker()
    lead.post(ground.pack)

    def sweep() -> None:
        with writing(worker.sessions) as session:
            blobs.sweep(session, ground.storage, now=ground.clock.now)

    replace(worker, storage=Interrupted(ground.storage, sweep)).run(errand_id=ground.errand().id)
    done = ground.errand()
    assert done.state is ErrandState.DONE
    with lead.get(f"/errands/{done.id}/file") as answer:
        assert answer.status_code == 200


def test_a_worker_that_puts_something_away_for_long_is_not_given_up(ground: Ground, log_in: LogIn) -> None:
    log_in(ground.lead).post(ground.pack)
    worker = replace(ground.worker(), heartbeat=timedelta(milliseconds=20))
    waiting: list[int] = []

    def take_long() -> None:
        ground.clock.now += 2 * errands.GIVEN_UP_AFTER
        for _ in range(100):
            with worker.sessions() as session:
                waiting[:] = errands.stale(session, ground.clock.now)
            if not waiting:
                return
            time.sleep(0.05)

    replace(worker, storage=Interrupted(ground.storage, take_long)).run(errand_id=ground.errand().id)
    assert waiting == []
    assert (ground.errand().state, ground.errand().attempts) == (ErrandState.DONE, 1)


def test_an_errand_whose_worker_was_killed_is_taken_up_again(
    ground: Ground, log_in: LogIn, store: Session
) -> None:
    log_in(ground.lead).post(ground.pack)
    store.execute(update(Errand).values(state=ErrandState.RUNNING, attempts=1, beat_at=NOW))
    store.commit()
    assert ground.work().state is ErrandState.RUNNING, "its worker may still live"
    ground.clock.now = NOW + errands.GIVEN_UP_AFTER
    with ground.app.extensions["portfolio"].sessions() as session:
        assert errands.stale(session, ground.clock.now) == [ground.errand().id]
    assert ground.work().state is ErrandState.DONE
    store.execute(update(Errand).values(state=ErrandState.RUNNING, attempts=3, beat_at=NOW))
    errands.give_up(store, now=ground.clock.now)
    store.commit()
    assert ground.errand().failure == "errand_crashed"


def test_the_bureau_takes_in_a_school_that_is_here_and_reads_why_not(
    ground: Ground, log_in: LogIn, tmp_path: Path
) -> None:
    bureau = log_in(ground.bureau)
    bureau.post(ground.school_archive)
    done = ground.work()
    path = ground.storage.local_path(ground.scene.school.id, done.sha256 or "")
    assert path is not None
    form = {"files": (io.BytesIO(path.read_bytes()), "学校.zip"), "digest": ""}
    ground.clock.now = NOW + timedelta(minutes=1)
    assert bureau.post("/bureau/school-import", form).status_code == 302
    stopped = ground.work()
    assert (stopped.state, stopped.failure) == (ErrandState.FAILED, "school_here")
    assert ground.scene.school.name in bureau.get("/errands").get_data(as_text=True)


@pytest.fixture
def arriving(request: pytest.FixtureRequest, storage: Storage, tmp_path: Path) -> Path:
    """The archive of a school of another installation."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    with fresh(request, "sqlite", folder) as url:
        engine = make_engine(url)
        sessions = make_sessions(engine)
        with writing(sessions) as session:
            school = make_school(session, "远道学校")
            make_evidence(session, school, storage, folder, title=TITLE)
        packed = export(sessions, storage, school.id, folder / "out")
        engine.dispose()
    return packed


def test_a_school_from_elsewhere_is_taken_in(ground: Ground, log_in: LogIn, arriving: Path) -> None:
    bureau = log_in(ground.bureau)
    form = {"files": (io.BytesIO(arriving.read_bytes()), "远道学校.zip"), "digest": ""}
    assert bureau.post("/bureau/school-import", form).status_code == 302
    done = ground.work()
    assert (done.state, done.context["files"] if done.context else None) == (ErrandState.DONE, 1)
    assert "远道学校" in bureau.get("/errands").get_data(as_text=True)


def test_who_cancels_after_the_last_file_has_come_finds_no_school(
    ground: Ground, log_in: LogIn, store: Session, arriving: Path
) -> None:
    bureau = log_in(ground.bureau)
    form = {"files": (io.BytesIO(arriving.read_bytes()), "远道学校.zip"), "digest": ""}
    bureau.post("/bureau/school-import", form)
    cancel = f"/errands/{ground.errand().id}/cancellation"
    worker = ground.worker()
    # nobody asks how far it is between the last file and the rows: no second has gone by
    storage = Interrupted(ground.storage, lambda: bureau.post(cancel))
    replace(worker, storage=storage).run(errand_id=ground.errand().id)  # type: ignore[arg-type]
    assert ground.errand().state is ErrandState.CANCELLED
    assert store.scalars(select(School.name)).all() == [ground.scene.school.name]


def test_a_form_without_a_file_or_with_half_a_digest_is_refused(ground: Ground, log_in: LogIn) -> None:
    bureau = log_in(ground.bureau)
    assert bureau.post("/bureau/school-import", {"digest": ""}).status_code == 422
    half = bureau.post("/bureau/school-import", {"files": (io.BytesIO(b"zip"), "a.zip"), "digest": "abc"})
    assert half.status_code == 422
    assert 'value="abc"' in half.get_data(as_text=True)
    assert log_in(ground.lead).get("/bureau/school-import").status_code == 404


def test_a_form_takes_a_file_of_whatever_bytes(ground: Ground, log_in: LogIn) -> None:
    """Line ends wherever the parser cuts the body: what might begin the next part is held back with the next piece."""
    form = {"files": (io.BytesIO(b"\n" * 300_000), "a.zip"), "digest": ""}
    assert log_in(ground.bureau).post("/bureau/school-import", form).status_code == 302
    assert ground.work().failure == "archive_unreadable"


def test_a_large_package_is_made_in_the_background_and_a_small_one_sent(
    ground: Ground, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = f"/packages/{ground.scene.package.id}"
    lead = log_in(ground.lead)
    assert f'action="{ground.pack}"' not in lead.get(page).get_data(as_text=True)
    monkeypatch.setattr("portfolio.blueprints.package.SENT_AT_ONCE", 100)
    assert f'action="{ground.pack}"' in lead.get(page).get_data(as_text=True)
