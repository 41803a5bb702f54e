"""Submitting: the check list, the signature, and a package that nothing can change."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, Executable, delete, func, insert, select, text, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from portfolio.db import begin_write, make_sessions
from portfolio.errors import DomainError
from portfolio.models import (
    Blob,
    Dossier,
    DossierState,
    Evidence,
    EvidenceVersion,
    Package,
    PackageCitation,
    PackageElement,
    PackageFile,
    PackageWaiver,
    SelfAssessment,
)
from portfolio.queries import places
from portfolio.services import packages, sealing
from portfolio.storage import Storage
from rubric.loader import DEFAULT, find
from tests.factories import (
    NOW,
    PASSWORD,
    Staff,
    actor_for,
    cite,
    make_dossier,
    make_evidence,
    make_staff,
    score_all,
)


@dataclass
class Scene:
    """A dossier that is ready to submit: everything scored, justified and cited to two files."""

    session: Session
    storage: Storage
    dossier: Dossier
    staff: Staff
    evidence: list[Evidence]

    def hand_over(self) -> None:
        packages.hand_over(
            self.session, actor=actor_for(self.session, self.staff.lead), now=NOW, dossier=self.dossier
        )

    def sign(self, password: str = PASSWORD) -> Package:
        return packages.sign(
            self.session,
            actor=actor_for(self.session, self.staff.principal),
            now=NOW + timedelta(hours=1),
            dossier=self.dossier,
            password=password,
            storage=self.storage,
        )


@pytest.fixture
def scene(session: Session, storage: Storage, tmp_path: Path) -> Scene:
    dossier = make_dossier(session)
    staff = make_staff(session, dossier.school)
    score_all(session, dossier)
    evidence = [make_evidence(session, dossier.school, storage, tmp_path, title=f"材料{n}") for n in range(2)]
    for element in find(DEFAULT).elements:
        cite(session, dossier, element.code, evidence[element.number % 2], page=3)
    return Scene(session, storage, dossier, staff, evidence)


def test_a_signed_dossier_becomes_a_package_whose_digest_anyone_can_recompute(scene: Scene) -> None:
    scene.hand_over()
    package = scene.sign()
    manifest = scene.session.scalars(select(Package.manifest).where(Package.id == package.id)).one()
    assert hashlib.sha256(manifest.encode()).hexdigest() == package.digest
    told = json.loads(manifest)
    assert json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")) == manifest
    assert len(told["elements"]) == 84
    assert told["rubric"]["sha256"] == find(DEFAULT).digest
    assert {file["sha256"] for file in told["files"]} == set(scene.session.scalars(select(Blob.sha256)))
    assert told["elements"][37] == {
        "code": "C38",
        "points": "2.0",
        "score": "1.8",
        "justification": "C38：本校制度健全，近三年记录完整，按学期归档，成效明显，不足之处已列入下学年计划。",
        "citations": [{"file": told["elements"][37]["citations"][0]["file"], "pages": [3], "remark": ""}],
    }
    assert scene.dossier.state is DossierState.SUBMITTED
    assert (
        package.claimed
        == sum((Decimal(e["score"]) for e in told["elements"]), Decimal(0))
        == package.supported
    )


def test_freezing_copies_no_file(scene: Scene) -> None:
    before = sorted(scene.storage.digests(scene.dossier.school_id))
    scene.hand_over()
    scene.sign()
    assert sorted(scene.storage.digests(scene.dossier.school_id)) == before


def test_open_gaps_stand_in_the_way_until_they_are_waived_with_a_reason(scene: Scene) -> None:
    row = scene.session.scalars(select(SelfAssessment).where(SelfAssessment.element == "C82")).one()
    row.score = None
    scene.session.flush()
    with pytest.raises(DomainError, match="gaps_open") as refused:
        scene.hand_over()
    assert refused.value.context == {"count": 1}
    lead = actor_for(scene.session, scene.staff.lead)
    with pytest.raises(DomainError, match="reason_missing"):
        packages.waive(
            scene.session, actor=lead, now=NOW, dossier=scene.dossier, keys=["C82:unscored"], reason="  "
        )
    packages.waive(
        scene.session,
        actor=lead,
        now=NOW,
        dossier=scene.dossier,
        keys=["C82:unscored"],
        reason="今年没有开展结对",
    )
    scene.hand_over()
    package = scene.sign()
    waiver = scene.session.scalars(select(PackageWaiver).where(PackageWaiver.package_id == package.id)).one()
    assert (waiver.gap, waiver.points_at_risk, waiver.reason) == (
        "C82:unscored",
        Decimal("2"),
        "今年没有开展结对",
    )


def test_a_gap_that_is_not_there_cannot_be_waived(scene: Scene) -> None:
    with pytest.raises(DomainError, match="gap_unknown"):
        packages.waive(
            scene.session,
            actor=actor_for(scene.session, scene.staff.lead),
            now=NOW,
            dossier=scene.dossier,
            keys=["C1:unscored"],
            reason="不在清单上",
        )


def test_only_the_principals_own_password_signs(scene: Scene) -> None:
    scene.hand_over()
    with pytest.raises(DomainError, match="password_wrong"):
        scene.sign("not the password")


def test_a_recalled_dossier_is_edited_again_and_cannot_be_signed(scene: Scene) -> None:
    scene.hand_over()
    packages.recall(
        scene.session, actor=actor_for(scene.session, scene.staff.lead), now=NOW, dossier=scene.dossier
    )
    assert scene.dossier.state is DossierState.DRAFTING
    with pytest.raises(DomainError, match="not_signing"):
        scene.sign()


def test_nothing_is_submitted_after_the_deadline(scene: Scene) -> None:
    scene.dossier.cycle.submit_by = NOW - timedelta(minutes=1)
    scene.session.flush()
    with pytest.raises(DomainError, match="deadline_passed"):
        scene.hand_over()


def test_missing_bytes_are_found_before_they_are_promised(scene: Scene) -> None:
    scene.hand_over()
    sha256 = scene.session.scalars(select(EvidenceVersion.sha256)).first()
    assert sha256 is not None
    scene.storage.delete(scene.dossier.school_id, sha256)
    with pytest.raises(DomainError, match="bytes_missing"):
        scene.sign()


def test_later_edits_and_new_versions_leave_the_package_as_it_was(scene: Scene) -> None:
    scene.hand_over()
    package = scene.sign()
    scene.evidence[0].title = "改了名字"
    scene.session.execute(update(SelfAssessment).values(score=None, justification="改了"))
    scene.session.flush()
    titles = set(scene.session.scalars(select(PackageFile.title).where(PackageFile.package_id == package.id)))
    assert titles == {"材料0", "材料1"}
    kept = scene.session.scalar(select(PackageElement.score).where(PackageElement.element == "C38"))
    assert kept == Decimal("1.8")


_Attempt = Callable[[Package], Executable]
ATTEMPTS: dict[str, _Attempt] = {
    "change the package": lambda p: update(Package).values(digest="0" * 64),
    "delete the package": lambda p: delete(Package),
    "change a score": lambda p: update(PackageElement).values(score=Decimal("0.1")),
    "delete a score": lambda p: delete(PackageElement).where(PackageElement.element == "C84"),
    "add an element": lambda p: insert(PackageElement).values(
        package_id=p.id, element="C85", points=Decimal(1), justification=""
    ),
    "change a citation": lambda p: update(PackageCitation).values(remark="forged"),
    "delete a citation": lambda p: delete(PackageCitation),
    "change a file": lambda p: update(PackageFile).values(sha256="0" * 64),
    "add a waiver": lambda p: insert(PackageWaiver).values(
        package_id=p.id, gap="C1:unscored", points_at_risk=Decimal(1), reason="later"
    ),
    "change a file version": lambda p: update(EvidenceVersion).values(filename="other.pdf"),
    "delete a file version": lambda p: delete(EvidenceVersion),
    "delete the evidence": lambda p: delete(Evidence),
    "change the bytes' size": lambda p: update(Blob).values(size=1),
    "delete the bytes' row": lambda p: delete(Blob),
    "change the rubric": lambda p: text("UPDATE rubric_editions SET body = '{}'"),
    "change the audit trail": lambda p: text("UPDATE audit_events SET action = 'nothing'"),
    "shorten the audit trail": lambda p: text("DELETE FROM audit_events"),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_nothing_reachable_from_a_package_can_be_changed(scene: Scene, attempt: str) -> None:
    scene.hand_over()
    package = scene.sign()
    scene.session.commit()

    def change() -> None:
        scene.session.execute(ATTEMPTS[attempt](package))
        scene.session.commit()

    with pytest.raises(DatabaseError):
        change()


def test_two_signatures_at_once_make_one_package(scene: Scene, engine: Engine) -> None:
    scene.hand_over()
    scene.session.commit()
    principal = actor_for(scene.session, scene.staff.principal)
    dossier_id = scene.dossier.id
    scene.session.rollback()
    outcomes: list[str] = []
    together = threading.Barrier(2, timeout=20)

    def sign() -> None:
        with make_sessions(engine)() as session:
            together.wait()
            try:
                begin_write(session)
                dossier, _place = places.dossier(session, dossier_id=dossier_id)
                packages.sign(
                    session,
                    actor=principal,
                    now=NOW,
                    dossier=dossier,
                    password=PASSWORD,
                    storage=scene.storage,
                )
                session.commit()
                outcomes.append("signed")
            except DomainError as error:
                session.rollback()
                outcomes.append(error.code)

    threads = [threading.Thread(target=sign) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["not_signing", "signed"]
    assert scene.session.scalar(select(func.count()).select_from(Package)) == 1


def test_a_failure_half_way_leaves_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.hand_over()
    scene.session.commit()
    written = sealing._write_parts
    monkeypatch.setattr(
        sealing,
        "_write_parts",
        lambda session, package_id, part, rows: (
            _fail() if part is PackageWaiver else written(session, package_id, part, rows)
        ),
    )
    with pytest.raises(RuntimeError):
        scene.sign()
    scene.session.rollback()
    scene.session.expire_all()
    assert scene.session.scalar(select(func.count()).select_from(PackageElement)) == 0
    assert scene.session.get_one(Dossier, scene.dossier.id).state is DossierState.SIGNING


def _fail() -> None:
    raise RuntimeError("the power went")
