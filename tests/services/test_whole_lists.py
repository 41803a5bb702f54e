"""What a page shows in parts is read whole in the same order, a row at a time, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.models import Dossier, EvidenceKind, Membership, Role
from portfolio.queries import library, search, staff, trail, uncited
from portfolio.queries.library_filter import Filter, Order
from portfolio.queries.problems import Yardstick
from portfolio.storage import Storage
from tests.counting import statements
from tests.factories import NOW, cite, make_dossier, make_evidence, make_school, make_user, read_pages

COUNT = 7


@pytest.fixture
def dossier(session: Session, storage: Storage, tmp_path: Path) -> Dossier:
    """Evidence of a school, every other piece cited."""
    made = make_dossier(session)
    for number in range(COUNT):
        piece = make_evidence(
            session, made.school, storage, tmp_path, title=f"材料{number}", kind=EvidenceKind.PLAN
        )
        read_pages(session, piece, f"劳动教育第{number}页")
        if number % 2:
            cite(session, made, f"C{number}", piece)
    return made


def yardstick_of(dossier: Dossier) -> Yardstick:
    return Yardstick(dossier.school_id, dossier.id, dossier.cycle.window_start)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (library, trail, staff, uncited):
        monkeypatch.setattr(module, "PAGE", 3)
    monkeypatch.setattr(search, "_AT_A_TIME", 3)


@pytest.mark.parametrize("order", ["newest", "date", "title"])
def test_the_library(session: Session, engine: Engine, dossier: Dossier, order: Order) -> None:
    shown = [
        row
        for page in (1, 2, 3)
        for row in library.library_page(
            session,
            school_id=dossier.school_id,
            dossier_id=dossier.id,
            window_start=dossier.cycle.window_start,
            chosen=Filter(order=order, page=page),
        ).rows
    ]
    session.expunge_all()
    with statements(engine) as seen:
        whole = list(
            library.whole_library(session, yardstick=yardstick_of(dossier), chosen=Filter(order=order))
        )
    assert whole == shown
    assert (len(whole), len(seen)) == (COUNT, 2)


def test_a_search(session: Session, dossier: Dossier) -> None:
    yardstick = yardstick_of(dossier)
    chosen = Filter(q="劳动教育")
    shown = search.find(session, yardstick=yardstick, chosen=chosen).hits
    assert tuple(search.find_all(session, yardstick=yardstick, chosen=chosen)) == shown
    assert len(shown) == COUNT


def test_what_nothing_cites(session: Session, dossier: Dossier) -> None:
    ids: dict[str, int] = {"school_id": dossier.school_id, "dossier_id": dossier.id}
    shown = [file for page in (1, 2) for file in uncited.uncited_page(session, **ids, page=page).files]
    assert list(uncited.all_uncited(session, **ids)) == shown
    assert len(shown) == 4


def test_the_trail(session: Session, engine: Engine) -> None:
    for number in range(COUNT):
        audit.record(
            session,
            actor_id=None,
            at=NOW,
            action=Action.EVIDENCE_ADDED,
            subject=("evidence", number + 1),
            after={"title": f"材料{number}"},
        )
    shown, older_than = [], None
    while True:
        page = trail.trail(session, action=Action.EVIDENCE_ADDED, older_than=older_than)
        shown += page.rows
        older_than = page.older_than
        if older_than is None:
            break
    with statements(engine) as seen:
        assert list(trail.whole_trail(session, action=Action.EVIDENCE_ADDED)) == shown
    assert (len(shown), len(seen)) == (COUNT, 1)


@pytest.mark.parametrize(("role", "name"), [(None, ""), (Role.LEAD, ""), (None, "甲")])
def test_accounts(session: Session, engine: Engine, role: Role | None, name: str) -> None:
    for number in range(COUNT):
        user = make_user(
            session, Role.LEAD, school=make_school(session), name=f"{'甲乙'[number % 2]}{number}"
        )
        if number % 3 == 0:
            _give(session, user.id)
    make_user(session, name="甲无角色")
    read: Callable[..., staff.AccountsPage] = staff.accounts
    pages = read(session, role=role, name=name).pages
    shown = [
        row for page in range(1, pages + 1) for row in read(session, role=role, name=name, page=page).rows
    ]
    with statements(engine) as seen:
        whole = list(staff.all_accounts(session, role=role, name=name))
    assert whole == shown
    assert len(seen) == 1


def _give(session: Session, user_id: int) -> None:
    """A second role, in the city."""
    session.add(Membership(user_id=user_id, role=Role.OBSERVER))
    session.flush()
