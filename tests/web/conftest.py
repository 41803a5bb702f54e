"""A school's dossier, a panel that was given a package, and the people whom several tests of pages send in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from portfolio.db import begin_write
from portfolio.models import Dossier, Role
from tests.conftest import Browser
from tests.factories import Staff, make_dossier, make_staff, make_user
from tests.panel_factory import Scene, make_scene

LogIn = Callable[..., Browser]


@pytest.fixture
def clerk(store: Session, log_in: LogIn) -> Browser:
    """Somebody of the bureau, logged in."""
    user = make_user(store, Role.BUREAU)
    store.commit()
    return log_in(user)


@pytest.fixture
def observer(store: Session, log_in: LogIn) -> Browser:
    """An observer, logged in."""
    user = make_user(store, Role.OBSERVER)
    store.commit()
    return log_in(user)


@pytest.fixture
def dossier(store: Session) -> Dossier:
    """A school's dossier, nothing in it yet."""
    begin_write(store)
    made = make_dossier(store)
    store.commit()
    return made


@pytest.fixture
def staff(store: Session, dossier: Dossier) -> Staff:
    """The dossier's school's people."""
    begin_write(store)
    made = make_staff(store, dossier.school)
    store.commit()
    return made


@pytest.fixture
def lead(log_in: LogIn, staff: Staff) -> Browser:
    """Who leads the dossier, logged in."""
    return log_in(staff.lead)


@pytest.fixture
def scene(store: Session) -> Scene:
    """Three experts and a chair before a school that claims nine tenths: 0.9 of 1 and 1.8 of 2."""
    made = make_scene(store)
    store.commit()
    return made


@pytest.fixture
def expert(scene: Scene, log_in: LogIn) -> Browser:
    """The first expert, logged in."""
    return log_in(scene.experts[0])
