"""A published result with a school around it, for tests of what comes after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from portfolio.models import Assignment, RectificationItem, Role, User
from portfolio.policy import Actor
from portfolio.services import panel_reports, publishing
from portfolio.services.panel_reports import Plan
from tests.factories import NOW, actor_for, bureau_actor, make_user
from tests.panel_factory import Scene, make_scene

LOST = {"C3": "0.5", "C26": "0.4"}
DUE = (NOW + timedelta(days=60)).date()


@dataclass
class Published:
    """A panel's scene whose result may be published, and the people of its school."""

    scene: Scene
    lead: User
    principal: User

    @property
    def session(self) -> Session:
        """The store."""
        return self.scene.session

    @property
    def assignment(self) -> Assignment:
        """What was judged."""
        return self.scene.assignment

    @property
    def lead_actor(self) -> Actor:
        """The lead, as the policy sees them."""
        return actor_for(self.session, self.lead)

    @property
    def principal_actor(self) -> Actor:
        """The principal, as the policy sees them."""
        return actor_for(self.session, self.principal)

    def list_item(self, element: str = "C3") -> RectificationItem:
        """The chair puts an element on the rectification list."""
        return panel_reports.list_item(
            self.session,
            actor=self.scene.chair_actor,
            now=NOW,
            assignment=self.assignment,
            plan=Plan(element, "缺少考核记录。", "补齐两学期考核记录。", "李主任", DUE),
        )

    def publish(self) -> None:
        """Closed, signed and published."""
        self.scene.close()
        publishing.publish(
            self.session, actor=bureau_actor(self.session), now=NOW, assignment=self.assignment
        )


def make_settled(session: Session, *, scene: Scene | None = None) -> Published:
    """The experts (two unless a scene is given) took points off C3 and C26; everything is settled, nothing closed."""
    made = scene or make_scene(session, experts=2)
    for number in range(len(made.experts)):
        made.hand_in(number, LOST)
    made.open_table()
    for code, score in LOST.items():
        made.settle(code, score, f"{code}：佐证不足。")
    made.settle_all("佐证不足。")
    return Published(
        made,
        make_user(session, Role.LEAD, school=made.school),
        make_user(session, Role.PRINCIPAL, school=made.school),
    )


def make_published(
    session: Session, *, items: tuple[str, ...] = ("C3",), scene: Scene | None = None
) -> Published:
    """The same, published, with these elements on the rectification list."""
    made = make_settled(session, scene=scene)
    for element in items:
        made.list_item(element)
    made.publish()
    return made
