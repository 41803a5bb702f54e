"""A package goes on to another panel in a later round."""

from __future__ import annotations

from sqlalchemy.orm import Session

from portfolio.models import Assignment, Round, User
from tests.factories import make_user
from tests.panel_factory import Scene, give_to_next_round


def give_to_second_round(store: Session, scene: Scene, *, expert: User) -> Assignment:
    """A second round whose panel has this expert, who has scored nothing of it yet."""
    store.add(Round(cycle_id=scene.cycle.id, position=2, name="市级评估"))
    store.flush()
    later = give_to_next_round(scene, experts=[expert, make_user(store), make_user(store)])
    store.commit()
    return later.assignment
