"""The demo's people: invited and joined as anybody is, each with a password made for this once."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.demo.content import DemoPerson
from portfolio.models import Membership, Role, School, User
from portfolio.policy import Actor
from portfolio.queries.people import actor_of
from portfolio.services import accounts, invitations

# Without those that are taken for another: i, l, o, 0, 1.
_CHARACTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _IN_A_GROUP = 4, 4
_ANSWERED_AFTER = timedelta(minutes=25)


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account to try the demo with; `school` is the school's name, None for people of the city."""

    username: str
    password: str
    role: Role
    school: str | None
    name: str


def new_password() -> str:
    """A password for one account, easy to read out: "k7pm-3xhq-9ftw-r2vd" (79 bits)."""
    groups = ("".join(secrets.choice(_CHARACTERS) for _ in range(_IN_A_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


class Cast:
    """Everybody who has joined so far."""

    def __init__(self, session: Session, *, lifetime: timedelta) -> None:
        self._session = session
        self._lifetime = lifetime
        self._accounts: dict[int, DemoAccount] = {}

    @property
    def accounts(self) -> list[DemoAccount]:
        """All accounts, in the order they were made."""
        return list(self._accounts.values())

    def join(
        self, person: DemoPerson, *, now: datetime, by: Actor | None = None, school: School | None = None
    ) -> User:
        """Somebody is invited and makes their account a little later."""
        role = Role(person.role)
        token = invitations.invite(
            self._session,
            actor=by,
            now=now,
            lifetime=self._lifetime,
            name=person.name,
            role=Role.EXPERT if role is Role.CHAIR else role,  # an expert becomes chair of a panel with it
            school_id=school.id if school else None,
        )
        password = new_password()
        user = accounts.accept(
            self._session,
            token=token,
            username=person.username,
            name=person.name,
            password=password,
            now=now + _ANSWERED_AFTER,
        )
        self._accounts[user.id] = DemoAccount(
            user.username, password, role, school.name if school else None, user.name
        )
        return user

    def actor(self, user: User) -> Actor:
        """The person as the policy sees them now."""
        held = self._session.scalars(select(Membership).where(Membership.user_id == user.id))
        return actor_of(self._session, user, list(held))

    def password_of(self, actor: Actor) -> str:
        """With what they sign."""
        return self._accounts[actor.user_id].password
