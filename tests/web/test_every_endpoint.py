"""Every address × every role: what a person may not see is not there, what they see but may not do is refused.

The addresses come from the application itself. A new one needs nothing here, unless its address has a part of a
new name: then `values` in `_scene` has to say what to put there.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from portfolio.documents.starter import starter
from portfolio.models import (
    Certificate,
    Errand,
    ErrandKind,
    Evidence,
    EvidenceVersion,
    Finding,
    FindingPhoto,
    Invitation,
    Membership,
    PageImage,
    Rectification,
    RectificationItem,
    Role,
    Round,
    School,
    SelfAssessment,
    Survey,
    TemplateKind,
    TouchedElement,
    Upload,
    User,
)
from portfolio.policy import NOWHERE, Actor, Permission, Place, allows, shows
from portfolio.services import invitations, office_templates
from portfolio.storage import Storage
from rubric.model import Channel
from rubric.succession import Touch
from tests.factories import (
    NOW,
    PASSWORD,
    actor_for,
    bureau_actor,
    cite,
    make_dossier,
    make_evidence,
    make_school,
    make_staff,
    make_user,
    read_pages,
    score_all,
)
from tests.panel_factory import Scene, make_scene

# What anybody may ask for, logged in or not.
PUBLIC = {
    "auth.accept_invitation",
    "auth.choose_language",
    "auth.health",
    "auth.invitation",
    "auth.log_in",
    "auth.try_log_in",
    "bootstrap.static",
    "static",
}
SAFE = {"GET", "HEAD", "OPTIONS"}


NOTED = "6b1f5c1e-0000-4000-8000-000000000001"  # the token of a finding


@dataclass(frozen=True)
class Visitor:
    """Somebody with a browser: their cookie and its CSRF token; no actor means not logged in."""

    name: str
    actor: Actor | None
    cookie: str
    token: str


@dataclass(frozen=True)
class Ground:
    """The thing that every address is asked for, where it stands, and what some forms must name."""

    values: Mapping[str, object]
    forms: Mapping[str, Mapping[str, object]]
    school_id: int
    panel_id: int
    assignee_id: int
    expert_id: int

    def address(self, app: Flask, rule: Rule) -> str:
        """The rule's address; fails for a part it has no value for."""
        area = rule.endpoint.split(".")[0]
        values = {}
        for name in rule.arguments:
            known = [key for key in (f"{rule.endpoint}.{name}", f"{area}.{name}", name) if key in self.values]
            if not known:
                pytest.fail(
                    f"{rule.endpoint} has a part <{name}>: `values` in _scene must say what to put there"
                )
            values[name] = self.values[known[0]]
        return app.url_map.bind("localhost").build(rule.endpoint, values)

    def place(self, rule: Rule) -> Place:
        """Where the thing stands that the rule is about."""
        parts = rule.arguments
        panels = frozenset({self.panel_id}) if parts & {"review_id", "package_id", "number"} else frozenset()
        own = parts & {"review_id", "finding_id", "photo_id"} or rule.endpoint == "visit.add_photos"
        person = self.expert_id if own else self.assignee_id if "code" in parts else None
        if "errand_id" in parts:
            return Place(self.school_id, frozenset(), self.assignee_id)
        of_a_school = {"school_id", "dossier_id", "package_id", "review_id", "evidence_id", "citation_id"}
        return Place(self.school_id, panels, person) if parts & of_a_school else NOWHERE


def _people(store: Session, school: School, scene: Scene, prefix: str) -> dict[str, User]:
    staff = make_staff(store, school)
    return {
        f"{prefix} contributor": staff.contributor,
        f"{prefix} lead": staff.lead,
        f"{prefix} principal": staff.principal,
        f"{prefix} expert": scene.experts[0],
        f"{prefix} second expert": scene.experts[1],
        f"{prefix} chair": scene.chair,
    }


def _scene(app: Flask, store: Session, folder: Path) -> tuple[Ground, dict[str, User]]:
    """A school whose package is under review, another beside it, and everybody around them."""
    here, elsewhere = make_school(store), make_school(store)
    scenes = []
    for school in (here, elsewhere):
        dossier = make_dossier(store, school)
        score_all(store, dossier)
        evidence = make_evidence(store, school, app.extensions["portfolio"].storage, folder)
        _draw(store, app.extensions["portfolio"].storage, evidence)
        citation = cite(store, dossier, "C1", evidence)
        scenes.append((make_scene(store, dossier=dossier), evidence, citation))
    scene, evidence, citation = scenes[0]
    people = _people(store, here, scene, "own") | _people(store, elsewhere, scenes[1][0], "foreign")
    people |= {"bureau": make_user(store, Role.BUREAU), "observer": make_user(store, Role.OBSERVER)}
    people["without a role"] = make_user(store)
    contributor = people["own contributor"]
    store.execute(
        update(SelfAssessment)
        .where(SelfAssessment.dossier_id == scene.dossier.id)
        .values(assignee_id=contributor.id)
    )
    store.add(TouchedElement(dossier_id=scene.dossier.id, element="C1", touch=Touch.MOVED))
    store.add(
        Rectification(
            dossier_id=scene.dossier.id,
            element="C1",
            problem="记录不全",
            lost=Decimal("0.2"),
            assignment_id=scene.assignment.id,
        )
    )
    store.add(
        RectificationItem(
            assignment_id=scene.assignment.id,
            number=1,
            element="C1",
            problem="记录不全",
            measure="补齐",
            responsible="李主任",
            due_on=NOW.date(),
            saved_at=NOW,
            saved_by=contributor.id,
        )
    )
    week = timedelta(days=7)
    link = invitations.invite(
        store,
        actor=bureau_actor(store),
        now=NOW,
        lifetime=week,
        name="李某",
        role=Role.LEAD,
        school_id=here.id,
    )
    values = {
        "filename": "css/app.css",
        "bootstrap.filename": "css/bootstrap.min.css",
        "auth.token": link,
        "uploads.token": _upload(store, app, contributor, here),
        "school_id": here.id,
        "dossier_id": scene.dossier.id,
        "code": "C1",
        "part": "opinion",
        "material": "plan",
        "kind": "csv",
        "figures.code": "C38",
        "measure": "training-share",
        "figure": "pupils",
        "year": scene.dossier.cycle.school_year,
        "evidence_id": evidence.id,
        "number": 1,
        "page": 1,
        "size": "page",
        "citation_id": citation.id,
        "package_id": scene.package.id,
        "extension": "pdf",
        "paper": "notice",
        "template_id": _template(store),
        "indicator": "A1",
        "review_id": scene.reviews[0].id,
        "round_id": store.scalars(select(Round.id).where(Round.cycle_id == scene.cycle.id)).one(),
        "cycle_id": scene.cycle.id,
        "assignment_id": scene.assignment.id,
        "user_id": contributor.id,
        "membership_id": store.scalars(
            select(Membership.id).where(Membership.user_id == contributor.id)
        ).one(),
        "errand_id": _errand(store, contributor, here),
        "invitation_id": store.scalars(select(Invitation.id)).one(),
        "certificate_id": _certificate(store, scene).id,
        "item": "A1.2.discuss",
        "visit.token": "6b1f5c1e-0000-4000-8000-000000000002",
        "visit.add_photos.token": NOTED,
        "visit.size": "page",
        **_visit(store, scene, evidence),
    }
    forms: dict[str, Mapping[str, object]] = {
        "evidence.cite": {"evidence_id": evidence.id},
        "evidence.cite_for": {"element": "C1"},
    }
    ground = Ground(values, forms, here.id, scene.panel.id, contributor.id, scene.experts[0].id)
    return ground, people


def _certificate(store: Session, scene: Scene) -> Certificate:
    """A title the bureau awarded to the school."""
    held = Certificate(
        year=NOW.year,
        serial=1,
        school_id=scene.school.id,
        dossier_id=scene.dossier.id,
        assignment_id=scene.assignment.id,
        awarded_on=NOW.date(),
        renew_by=NOW.date() + timedelta(days=1000),
        awarded_by=scene.chair.id,
        awarded_at=NOW,
    )
    store.add(held)
    store.flush()
    return held


def _draw(store: Session, storage: Storage, evidence: Evidence) -> None:
    """An image of its page. Any bytes will do: nobody looks at them."""
    digest = read_pages(store, evidence, "一页")
    store.add(
        PageImage(
            school_id=evidence.school_id,
            sha256=digest,
            page=1,
            size="page",
            image_sha256=digest,
            width=240,
            height=340,
        )
    )
    assert storage.exists(evidence.school_id, digest)


def _template(store: Session) -> int:
    """A template of the office's own."""
    actor = bureau_actor(store)
    data, kind = starter(TemplateKind.NOTICE), TemplateKind.NOTICE
    made = office_templates.upload(store, actor=actor, now=NOW, kind=kind, filename="通知书.docx", data=data)
    return made.id


def _errand(store: Session, user: User, school: School) -> int:
    """Something that somebody asked for."""
    errand = Errand(
        kind=ErrandKind.SCHOOL,
        subject=f"school:{school.id}",
        school_id=school.id,
        asked_by=user.id,
        asked_at=NOW,
    )
    store.add(errand)
    store.flush()
    return errand.id


def _visit(store: Session, scene: Scene, evidence: Evidence) -> dict[str, int]:
    """What the first expert found, with a photograph (its bytes are those of the drawn page), and a questionnaire."""
    digest = store.scalars(
        select(EvidenceVersion.sha256).where(EvidenceVersion.evidence_id == evidence.id)
    ).one()
    at = {"assignment_id": scene.assignment.id}
    finding = Finding(
        **at,
        author_id=scene.experts[0].id,
        token=NOTED,
        channel=Channel.INSPECT,
        words="图书室每天开放两小时。",
        noted_at=NOW,
        saved_at=NOW,
    )
    survey = Survey(
        **at, title="家长", sheet_digest="e" * 64, imported_by=scene.experts[0].id, imported_at=NOW
    )
    store.add_all([finding, survey])
    store.flush()
    photo = FindingPhoto(
        finding_id=finding.id,
        school_id=scene.school.id,
        sha256=digest,
        filename="IMG_0001.jpg",
        added_at=NOW,
    )
    store.add(photo)
    store.flush()
    return {"finding_id": finding.id, "photo_id": photo.id, "survey_id": survey.id}


def _upload(store: Session, app: Flask, user: User, school: School) -> str:
    """An upload under way, of which nothing has arrived."""
    token = "u" * 43
    store.add(
        Upload(
            token=token,
            school_id=school.id,
            user_id=user.id,
            length=1024,
            details={"filename": "照片.jpg"},
            created_at=NOW,
            expires_at=NOW + timedelta(hours=48),
        )
    )
    uploads = app.extensions["portfolio"].settings.uploads_folder
    uploads.mkdir(exist_ok=True)
    (uploads / token).touch()
    return token


def _visitor(app: Flask, name: str, user: User | None, actor: Actor | None) -> Visitor:
    client = app.test_client()
    token = _token(client, "/login")
    if user is not None:
        form = {"username": user.username, "password": PASSWORD, "csrf_token": token}
        assert client.post("/login", data=form).status_code == 302
        token = _token(client, "/account")
    cookie = client.get_cookie("portfolio")
    assert cookie is not None
    return Visitor(name, actor, cookie.value, token)


def _token(client: FlaskClient, path: str) -> str:
    found = re.search(r'name="csrf-token" content="([^"]+)"', client.get(path).get_data(as_text=True))
    assert found
    return found[1]


def _rules(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Each rule with each method that has a meaning of its own."""
    for rule in app.url_map.iter_rules():
        methods = rule.methods or set()
        for method in sorted(methods - {"HEAD", "OPTIONS"} or methods):
            yield rule, method


def _expected(visitor: Visitor, permission: Permission | None, place: Place, method: str) -> str:
    if permission is None:
        return "let in"
    if visitor.actor is None:
        return "sent to log in" if method in SAFE else "401"
    if allows(visitor.actor, permission, place):
        return "let in"
    return "403" if shows(visitor.actor, permission, place) else "404"


def _ask(app: Flask, visitor: Visitor, method: str, address: str, form: Mapping[str, object] | None) -> str:
    client = app.test_client()
    client.set_cookie("portfolio", visitor.cookie)
    with client.open(address, method=method, data=form, headers={"X-CSRFToken": visitor.token}) as answer:
        if answer.status_code == 302 and answer.headers["Location"].startswith("/login?next="):
            return "sent to log in"
        return (
            str(answer.status_code)
            if answer.status_code in (401, 403, 404) or answer.status_code >= 500
            else "let in"
        )


def test_every_endpoint_declares_what_it_needs_or_is_known_to_be_public(app: Flask) -> None:
    declared = {
        endpoint: getattr(view, "permission", "nothing") for endpoint, view in app.view_functions.items()
    }
    assert {endpoint for endpoint, permission in declared.items() if permission is None} == PUBLIC
    assert [e for e, p in declared.items() if p is not None and not isinstance(p, Permission)] == []


def test_every_address_answers_every_role_as_the_policy_says(
    app: Flask, store: Session, tmp_path: Path
) -> None:
    ground, people = _scene(app, store, tmp_path)
    actors = {name: actor_for(store, user) for name, user in people.items()}
    store.commit()
    visitors = [_visitor(app, "nobody", None, None)]
    visitors += [_visitor(app, name, user, actors[name]) for name, user in people.items()]
    database = Snapshot(app, tmp_path)
    wrong = []
    for rule, method in _rules(app):
        permission = getattr(app.view_functions[rule.endpoint], "permission", None)
        address, place = ground.address(app, rule), ground.place(rule)
        for visitor in visitors:
            expected = _expected(visitor, permission, place, method)
            answered = _ask(app, visitor, method, address, ground.forms.get(rule.endpoint))
            if answered != expected:
                wrong.append(f"{method} {rule} as {visitor.name}: {answered}, not {expected}")
            if expected == "let in" and database.is_written_to():
                database.restore()
    database.close()
    assert not wrong, "\n".join(wrong)


class Snapshot:
    """The application's database as it stood, so that what one visitor does is undone before the next comes."""

    def __init__(self, app: Flask, folder: Path) -> None:
        self.engine = app.extensions["portfolio"].sessions.kw["bind"]
        self.path = Path(self.engine.url.database)
        self.kept = folder / "kept.sqlite3"
        with self.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        self.engine.dispose()
        shutil.copyfile(self.path, self.kept)
        self._watch()

    def _watch(self) -> None:
        self._watcher = sqlite3.connect(self.path)
        self._version = self._data_version()

    def _data_version(self) -> int:
        return int(self._watcher.execute("PRAGMA data_version").fetchone()[0])

    def is_written_to(self) -> bool:
        """Whether anybody committed anything since this was last asked, or since the database was put back."""
        before, self._version = self._version, self._data_version()
        return self._version != before

    def close(self) -> None:
        """Nothing is asked of it any more."""
        self._watcher.close()

    def restore(self) -> None:
        """Put the database back."""
        self.engine.dispose()
        self._watcher.close()
        for suffix in ("-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        shutil.copyfile(self.kept, self.path)
        self._watch()
