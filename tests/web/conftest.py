"""People whom several tests of pages send in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from portfolio.models import Role
from tests.conftest import Browser
from tests.factories import make_user

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
