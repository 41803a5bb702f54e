"""A package goes on to another panel in a later round."""

from __future__ import annotations

from sqlalchemy.orm import Session

from portfolio.models import Assignment, InterestStatement, Round, User
from portfolio.services import panels
from tests.factories import NOW, bureau_actor, make_user
from tests.panel_factory import Scene


def give_to_next_round(store: Session, scene: Scene, *, expert: User) -> Assignment:
    """A second round whose panel has this expert, who has scored nothing of it yet."""
    second = Round(cycle_id=scene.cycle.id, position=2, name="市级评估")
    store.add(second)
    store.flush()
    experts = [expert, make_user(store), make_user(store)]
    panel = panels.form_panel(
        store,
        actor=bureau_actor(store),
        now=NOW,
        round=second,
        name="市级一组",
        experts=experts,
        chair=make_user(store),
    )
    given = panels.assign(store, actor=bureau_actor(store), now=NOW, panel=panel, package=scene.package)
    store.add_all(
        InterestStatement(user_id=each.id, panel_id=panel.id, school_id=scene.school.id, signed_at=NOW)
        for each in experts
    )
    store.commit()
    return given
