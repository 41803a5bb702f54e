"""Schools, people, what they may be, and how they prove who they are."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portfolio.db import Base, Id, Keyed
from portfolio.models.columns import At, Digest, MaybeAt, MaybeUserId, Name, UserId, one_of, sha256_check


class Role(StrEnum):
    """Who a person is to a school, a panel or the bureau (domain.md)."""

    CONTRIBUTOR = "contributor"
    LEAD = "lead"
    PRINCIPAL = "principal"
    EXPERT = "expert"
    CHAIR = "chair"
    BUREAU = "bureau"
    OBSERVER = "observer"


SCHOOL_ROLES = frozenset({Role.CONTRIBUTOR, Role.LEAD, Role.PRINCIPAL})
PANEL_ROLES = frozenset({Role.EXPERT, Role.CHAIR})


class Stage(StrEnum):
    """The years of schooling a school offers."""

    PRIMARY = "primary"
    JUNIOR = "junior"
    NINE_YEAR = "nine_year"


class School(Keyed, Base):
    """A school that may apply."""

    __tablename__ = "schools"
    __table_args__ = (UniqueConstraint("district", "name"),)

    name: Mapped[Name]
    district: Mapped[Name]
    stage: Mapped[Stage] = mapped_column(one_of(Stage, "stage"), default=Stage.PRIMARY)
    boarding: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[At]


class User(Keyed, Base):
    """A person with an account. Without a password hash nobody can log in to it."""

    __tablename__ = "users"

    username: Mapped[str] = mapped_column(String(120), unique=True)
    name: Mapped[Name]
    password_hash: Mapped[str | None] = mapped_column(String(200))
    locale: Mapped[str | None] = mapped_column(String(8))
    theme: Mapped[str | None] = mapped_column(String(8))
    # where reminders go; nothing chosen: to a user name that is an address; empty: nowhere
    email: Mapped[str | None] = mapped_column(String(254))
    disabled_at: Mapped[MaybeAt]
    created_at: Mapped[At]

    memberships: Mapped[list[Membership]] = relationship(lazy="raise_on_sql", back_populates="user")


class Membership(Keyed, Base):
    """A role a person holds: in one school, in one panel, or in the city."""

    __tablename__ = "memberships"
    __table_args__ = (
        CheckConstraint(
            "(role IN ('contributor','lead','principal')) = (school_id IS NOT NULL)",
            name="school_roles_name_a_school",
        ),
        CheckConstraint("panel_id IS NULL OR role IN ('expert','chair')", name="panel_roles_only"),
        CheckConstraint("role <> 'chair' OR panel_id IS NOT NULL", name="chair_names_a_panel"),
        Index("uq_memberships_school", "user_id", "role", "school_id", unique=True),
        Index("uq_memberships_panel", "user_id", "role", "panel_id", unique=True),
    )

    user_id: Mapped[UserId]
    role: Mapped[Role] = mapped_column(one_of(Role, "role"))
    school_id: Mapped[int | None] = mapped_column(Id, ForeignKey("schools.id"), index=True)
    panel_id: Mapped[int | None] = mapped_column(Id, ForeignKey("panels.id"), index=True)

    user: Mapped[User] = relationship(lazy="raise_on_sql", back_populates="memberships")


class LoginSession(Base):
    """A log-in. The cookie holds a token, the row its SHA-256; ending the row ends the log-in at once."""

    __tablename__ = "login_sessions"
    __table_args__ = (sha256_check("token_sha256"),)

    token_sha256: Mapped[Digest] = mapped_column(primary_key=True)
    user_id: Mapped[UserId] = mapped_column(index=True)
    created_at: Mapped[At]
    expires_at: Mapped[At]
    ended_at: Mapped[MaybeAt]
    address: Mapped[str] = mapped_column(String(64))


class Invitation(Keyed, Base):
    """A link that makes an account, or lets its owner choose a new password; good once, and not for long."""

    __tablename__ = "invitations"
    __table_args__ = (
        sha256_check("token_sha256"),
        CheckConstraint(
            "user_id IS NOT NULL OR (role IN ('contributor','lead','principal')) = (school_id IS NOT NULL)",
            name="school_roles_name_a_school",
        ),
    )

    token_sha256: Mapped[Digest] = mapped_column(unique=True)
    name: Mapped[Name]
    role: Mapped[Role | None] = mapped_column(one_of(Role, "role"))
    school_id: Mapped[int | None] = mapped_column(Id, ForeignKey("schools.id"), index=True)
    user_id: Mapped[MaybeUserId]
    invited_by: Mapped[MaybeUserId]
    created_at: Mapped[At]
    expires_at: Mapped[At]
    used_at: Mapped[MaybeAt]
    revoked_at: Mapped[MaybeAt]


class Throttle(Base):
    """Failed log-ins under one key (account and address, address, account): what slows the next try."""

    __tablename__ = "throttles"

    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    last_failed_at: Mapped[At]
