"""A process that dies while it writes leaves all of it, or nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio.models import Dossier, DossierState, Package, PackageElement, PackageFile
from portfolio.services import packages
from portfolio.storage import Storage
from rubric.loader import DEFAULT, find
from tests.factories import NOW, actor_for, cite, make_dossier, make_evidence, make_staff, score_all

# Signs the dossier in a process of its own, which kills itself at the place named.
SIGNER = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from sqlalchemy import event
from portfolio.db import begin_write, make_engine, make_sessions
from portfolio.models import Membership, User
from portfolio.queries import places
from portfolio.queries.people import actor_of
from portfolio.services import packages, sealing
from portfolio.storage.local import LocalStorage
from tests.factories import NOW, PASSWORD

url, files, dossier_id, principal_id, place = sys.argv[1:]
engine = make_engine(url)

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

with make_sessions(engine)() as session:
    begin_write(session)
    dossier, _ = places.dossier(session, dossier_id=int(dossier_id))
    user = session.get_one(User, int(principal_id))
    held = list(session.query(Membership).where(Membership.user_id == user.id))
    if place == "between the parts":
        write = sealing._write_parts
        def part(session, package_id, part, rows):
            write(session, package_id, part, rows)
            if part.__name__ == "PackageFile":
                die()
        sealing._write_parts = part
    packages.sign(session, actor=actor_of(session, user, held), now=NOW, dossier=dossier, password=PASSWORD,
                  storage=LocalStorage(Path(files)))
    if place == "before the commit":
        die()
    session.commit()
    die()
"""


@pytest.mark.parametrize(
    ("place", "frozen"),
    [("between the parts", False), ("before the commit", False), ("after the commit", True)],
)
def test_a_signature_killed_half_way_freezes_all_or_nothing(
    session: Session, storage: Storage, tmp_path: Path, database_url: str, place: str, frozen: bool
) -> None:
    dossier = make_dossier(session)
    staff = make_staff(session, dossier.school)
    score_all(session, dossier)
    evidence = make_evidence(session, dossier.school, storage, tmp_path)
    for element in find(DEFAULT).elements:
        cite(session, dossier, element.code, evidence)
    packages.hand_over(session, actor=actor_for(session, staff.lead), now=NOW, dossier=dossier)
    session.commit()

    command = [sys.executable, "-c", SIGNER, database_url, str(tmp_path / "files"), str(dossier.id)]
    signer = subprocess.run(
        [*command, str(staff.principal.id), place], capture_output=True, timeout=60, check=False
    )
    assert signer.returncode == -signal.SIGKILL, signer.stderr.decode()

    session.expire_all()
    counts = [
        session.scalar(select(func.count()).select_from(t)) for t in (Package, PackageElement, PackageFile)
    ]
    assert counts == ([1, 84, 1] if frozen else [0, 0, 0])
    state = session.scalars(select(Dossier.state)).one()
    assert state is (DossierState.SUBMITTED if frozen else DossierState.SIGNING)
