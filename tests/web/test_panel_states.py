"""Every way of writing in a panel's work × every state of it × everybody: who gets through; nothing changes else.

A state says how far the review is; an action is one address with a body that is right where the action is possible
at all. What the tables don't name is refused.
"""

from __future__ import annotations

import base64
import io
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from portfolio.models import Blob, Finding, FindingPhoto, Membership, Recusal, Review, Role, Survey, User
from portfolio.policy import Permission
from portfolio.services import closing, panels, reviews, settlement
from rubric.model import Channel
from tests.derive.samples import encoded
from tests.derive.samples import scene as picture
from tests.factories import NOW, PASSWORD, bureau_actor, make_user
from tests.panel_factory import Scene, claimed, make_scene
from tests.web.test_every_endpoint import Snapshot, Visitor, _rules, _visitor

STATES = ("scoring", "one in", "all in", "open", "settled", "proposed", "closed", "reopened", "published")
BEFORE_THE_TABLE = {"scoring", "one in", "all in"}
SAID = {"reason": "看过材料。", "channel": "documents"}
TOKEN = "6b1f5c1e-0000-4000-8000-000000000002"
SHEET = "编号,题目,满意\nC80,好吗？,203\n".encode()
PICTURE = encoded(picture(), "JPEG")
EXPERTS = ("first expert", "second expert", "recused expert", "removed expert")


@dataclass(frozen=True)
class Ground:
    """The package under review, and everybody around it."""

    scene: Scene
    newcomer: User
    # what the first expert found, by kind
    found: dict[str, int]

    def review(self, who: str) -> int:
        """Somebody's own review; for those without, the first expert's."""
        return self.scene.reviews[EXPERTS.index(who) if who in EXPERTS else 0].id

    def anothers(self, who: str) -> int:
        """A review that is not theirs."""
        return self.scene.reviews[1 if who == "first expert" else 0].id

    @property
    def visit(self) -> str:
        """The address of the panel's visit."""
        return f"/rounds/{self.scene.assignment.round_id}/visit/{self.scene.package.id}"

    @property
    def table(self) -> str:
        """The address of the panel's table."""
        return f"/rounds/{self.scene.assignment.round_id}/settlement/{self.scene.package.id}"


@dataclass(frozen=True)
class Action:
    """One way of writing: who gets through in which states, and who is told openly that they may not."""

    endpoint: str
    address: Callable[[Ground, str], str]
    done: dict[str, set[str]]
    body: Callable[[Ground, str], dict[str, object]] = lambda ground, state: {}
    method: str = "POST"
    openly_refused: frozenset[str] = frozenset()
    # open to experts too, who know nothing of the table before it is open
    of_the_table: bool = False


def _score(_ground: Ground, _state: str) -> dict[str, object]:
    return {"score": "0.5", **SAID, "version": 1, "why": "看错一行。"}


def _ruling(_ground: Ground, state: str) -> dict[str, object]:
    version = 0 if state in BEFORE_THE_TABLE | {"open"} else 1
    return {"score": str(claimed("C3")), "rule": "median", "reason": "合议。", "version": version}


def _own(path: str) -> Callable[[Ground, str], str]:
    return lambda ground, who: f"/reviews/{ground.review(who)}{path}"


def _anothers(path: str) -> Callable[[Ground, str], str]:
    return lambda ground, who: f"/reviews/{ground.anothers(who)}{path}"


def _table(path: str) -> Callable[[Ground, str], str]:
    return lambda ground, who: ground.table + path


def _visit(path: str) -> Callable[[Ground, str], str]:
    return lambda ground, who: ground.visit + path


def _finding(path: str) -> Callable[[Ground, str], str]:
    return lambda ground, who: f"{ground.visit}/findings/{ground.found['finding']}{path}"


def _photo(path: str) -> Callable[[Ground, str], str]:
    return lambda ground, who: f"{ground.visit}/photos/{ground.found['photo']}{path}"


def _survey(path: str) -> Callable[[Ground, str], str]:
    return lambda ground, who: f"{ground.visit}/surveys/{ground.found['survey']}{path}"


def _note(_ground: Ground, _state: str) -> dict[str, object]:
    return {"token": TOKEN, "channel": "inspect", "words": "看过。", "codes": "C1", "version": 0}


def _photograph() -> dict[str, object]:
    """A picture that no other test has: its bytes are stored, whoever sends them."""
    return {"files": (io.BytesIO(PICTURE), "IMG_0002.jpg")}


def _sheet() -> tuple[io.BytesIO, str]:
    return io.BytesIO(SHEET), "results.csv"


def _password(_ground: Ground, _state: str) -> dict[str, object]:
    return {"password": PASSWORD, "number": 1, "reason": "亲属在该校任教"}


ALL = set(STATES)
TALKING = {"open", "settled", "proposed", "reopened"}
RULING = {"open", "settled", "reopened"}
FIRST_SCORES, SECOND_SCORES = {"scoring"}, {"scoring", "one in"}
FIRST_CORRECTS, SECOND_CORRECTS = {"one in", "all in"}, {"all in"}
SCORES = {"first expert": FIRST_SCORES, "second expert": SECOND_SCORES}
CORRECTS = {"first expert": FIRST_CORRECTS, "second expert": SECOND_CORRECTS}
PREVIEWS = dict.fromkeys(("chair", "first expert", "second expert"), ALL)
SEATED = {"first expert": ALL, "second expert": ALL}
VISITS = {who: ALL - {"closed", "published"} for who in ("chair", "first expert", "second expert")}
FIRST_ONLY = {"first expert": ALL - {"closed", "published"}}
EVERY_VOICE = {"chair": TALKING, "first expert": TALKING, "second expert": TALKING}
SIGNERS = {"first expert": {"proposed"}, "second expert": {"proposed"}}
CHAIR_ONLY = frozenset({"first expert", "second expert"})
OBSERVER = frozenset({"observer"})

ACTIONS = {
    "score": Action("panel.save_element", _own("/elements/C1"), SCORES, _score, "PUT"),
    "score by form": Action("panel.submit_element", _own("/elements/C1"), SCORES, _score),
    "score another's": Action("panel.save_element", _anothers("/elements/C1"), {}, _score, "PUT"),
    "hand in": Action("panel.hand_in", _own("/hand-in"), SCORES),
    "hand in another's": Action("panel.hand_in", _anothers("/hand-in"), {}),
    "correct": Action("panel.correct_element", _own("/elements/C1/correction"), CORRECTS, _score),
    "correct another's": Action("panel.correct_element", _anothers("/elements/C1/correction"), {}, _score),
    "sign the statement": Action("panel.sign_statement", _own("/statement"), SEATED, _password),
    "step aside": Action("panel.declare_conflict", _own("/conflict"), SEATED, _password),
    "tick": Action(
        "visit.save_tick", _visit("/agenda/A1.2.discuss"), VISITS, lambda *_: {"done": True}, "PUT"
    ),
    "tick by form": Action(
        "visit.submit_tick", _visit("/agenda/A1.2.discuss"), VISITS, lambda *_: {"done": "1"}
    ),
    "note": Action("visit.save_finding", _visit(f"/findings/{TOKEN}"), VISITS, _note, "PUT"),
    "note by form": Action("visit.submit_finding", _visit("/findings"), VISITS, _note),
    "take a finding back": Action("visit.withdraw_finding", _finding("/withdrawal"), FIRST_ONLY),
    "photograph": Action("visit.add_photos", _finding("/photos"), FIRST_ONLY, lambda *_: _photograph()),
    "remove a photograph": Action("visit.remove_photo", _photo("/removal"), FIRST_ONLY),
    "draw": Action(
        "visit.draw",
        _visit("/draws"),
        VISITS,
        lambda *_: {"title": "教师业务档案", "count": "86", "size": "5"},
    ),
    "preview a questionnaire": Action(
        "visit.preview_survey", _visit("/surveys"), PREVIEWS, lambda *_: {"sheet": _sheet(), "title": "家长"}
    ),
    "take in a questionnaire": Action(
        "visit.take_in_survey",
        _visit("/surveys/results"),
        VISITS,
        lambda *_: {"sheet": base64.b64encode(SHEET).decode(), "title": "家长"},
    ),
    "take back a questionnaire": Action("visit.withdraw_survey", _survey("/withdrawal"), VISITS),
    "open the table": Action(
        "settlement.open_table", _table("/opening"), {"chair": {"all in"}}, openly_refused=CHAIR_ONLY
    ),
    "settle": Action(
        "settlement.settle_element", _table("/elements/C3"), {"chair": RULING}, _ruling, "PUT", CHAIR_ONLY
    ),
    "settle by form": Action(
        "settlement.submit_element", _table("/elements/C3"), {"chair": RULING}, _ruling, "POST", CHAIR_ONLY
    ),
    "take back": Action(
        "settlement.undo",
        _table("/elements/C2/undo"),
        {"chair": RULING},
        lambda ground, state: {"version": 1},
        openly_refused=CHAIR_ONLY,
    ),
    "discuss": Action(
        "settlement.remark",
        _table("/elements/C3/remarks"),
        EVERY_VOICE,
        lambda ground, state: {"stance": "agree"},
        of_the_table=True,
    ),
    "propose to close": Action(
        "settlement.propose_closing",
        _table("/close"),
        {"chair": {"settled", "reopened"}},
        openly_refused=CHAIR_ONLY,
    ),
    "withdraw": Action(
        "settlement.withdraw_closing",
        _table("/close/withdrawal"),
        {"chair": {"proposed"}},
        openly_refused=CHAIR_ONLY,
    ),
    "sign the closing": Action(
        "settlement.sign_closing",
        _table("/close/signature"),
        SIGNERS,
        _password,
        openly_refused=frozenset({"chair"}),
        of_the_table=True,
    ),
    "sign as chair": Action("settlement.sign_statement", _table("/statement"), {"chair": ALL}, _password),
    "step aside as chair": Action(
        "settlement.declare_conflict", _table("/conflict"), {"chair": ALL}, _password
    ),
    "assign again": Action(
        "bureau.assign",
        lambda ground, who: f"/bureau/packages/{ground.scene.package.id}/assignments",
        {"bureau": set()},
        lambda ground, state: {"panel": ground.scene.panel.id},
        openly_refused=OBSERVER,
    ),
    "substitute": Action(
        "bureau.substitute",
        lambda ground, who: f"/bureau/reviews/{ground.scene.reviews[2].id}/substitute",
        {"bureau": ALL - {"closed", "published"}},
        lambda ground, state: {"expert": ground.newcomer.id},
        openly_refused=OBSERVER,
    ),
    "reopen": Action(
        "bureau.reopen",
        lambda ground, who: f"/bureau/assignments/{ground.scene.assignment.id}/reopening",
        {"bureau": {"closed"}},
        lambda ground, state: {"reason": "漏看了材料。"},
        openly_refused=OBSERVER,
    ),
    "publish": Action(
        "bureau.publish",
        lambda ground, who: f"/bureau/assignments/{ground.scene.assignment.id}/publication",
        {"bureau": {"closed"}},
        openly_refused=OBSERVER,
    ),
}
PANEL_PERMISSIONS = {
    Permission.REVIEW_TAKE,
    Permission.REVIEW_SCORE,
    Permission.SETTLEMENT_TAKE,
    Permission.SETTLEMENT_DISCUSS,
    Permission.SETTLEMENT_SIGN,
    Permission.SETTLEMENT_WRITE,
    Permission.VISIT_WRITE,
    Permission.FINDING_WRITE,
}


def expected(action: Action, state: str, who: str) -> str:
    """What must come of it."""
    if who == "nobody":
        return "401"
    if state in action.done.get(who, set()):
        return "done"
    sees_the_table = state not in BEFORE_THE_TABLE
    if who in action.done:
        hidden = action.of_the_table and who in EXPERTS and not sees_the_table
        return "404" if hidden else "refused"
    if who in action.openly_refused:
        return "403" if who not in EXPERTS or sees_the_table else "404"
    return "404"


def test_the_table_names_every_way_of_writing_in_a_panels_work(app: Flask) -> None:
    written = {
        rule.endpoint
        for rule, method in _rules(app)
        if method != "GET"
        and getattr(app.view_functions[rule.endpoint], "permission", None) in PANEL_PERMISSIONS
    }
    named = {action.endpoint for action in ACTIONS.values()}
    assert written - named == set()
    # a save by script names what it saves in its address
    assert all(
        rule.arguments & {"code", "item", "token"}
        for rule, method in _rules(app)
        if method == "PUT" and rule.endpoint in named
    )


def _reach(scene: Scene, state: str) -> None:
    """Take the review as far as the state says."""
    steps: list[Callable[[], object]] = [
        lambda: reviews.hand_in(scene.session, actor=scene.actor(0), now=NOW, review=scene.reviews[0]),
        lambda: reviews.hand_in(scene.session, actor=scene.actor(1), now=NOW, review=scene.reviews[1]),
        lambda: _open_and_settle_one(scene),
        lambda: _settle_the_rest(scene),
        scene.propose_closing,
        lambda: scene.sign_closing(1),
        lambda: _reopen(scene) if state == "reopened" else None,
        lambda: _publish(scene),
    ]
    for step in steps[: STATES.index(state)]:
        step()


def _open_and_settle_one(scene: Scene) -> None:
    scene.open_table()
    _settle(scene, "C2")


def _settle_the_rest(scene: Scene) -> None:
    for number in range(1, 85):
        if number != 2:
            _settle(scene, f"C{number}")


def _settle(scene: Scene, code: str) -> None:
    settlement.settle(
        scene.session,
        actor=scene.chair_actor,
        now=NOW,
        assignment=scene.assignment,
        code=code,
        score_text=str(claimed(code)),
        rule="median",
        reason="合议。",
        version=0,
    )


def _reopen(scene: Scene) -> None:
    closing.reopen(
        scene.session,
        actor=bureau_actor(scene.session),
        now=NOW,
        assignment=scene.assignment,
        reason="漏看了材料。",
    )


def _publish(scene: Scene) -> None:
    panels.publish(scene.session, actor=bureau_actor(scene.session), now=NOW, assignment=scene.assignment)


def _scene(store: Session, state: str) -> tuple[Ground, dict[str, User | None]]:
    scene = make_scene(store, experts=4)
    for number in (0, 1, 3):
        scene.score_everything(number)
    store.add(Recusal(user_id=scene.experts[2].id, school_id=scene.school.id, reason="亲属", declared_at=NOW))
    store.get_one(Review, scene.reviews[3].id).handed_in_at = NOW
    found = _found(store, scene)
    _reach(scene, state)
    store.execute(delete(Membership).where(Membership.user_id == scene.experts[3].id))
    foreign = make_scene(store)
    people: dict[str, User | None] = dict(zip(EXPERTS, scene.experts, strict=True))
    people |= {
        "chair": scene.chair,
        "foreign expert": foreign.experts[0],
        "foreign chair": foreign.chair,
        "lead": make_user(store, Role.LEAD, school=scene.school),
        "bureau": make_user(store, Role.BUREAU),
        "observer": make_user(store, Role.OBSERVER),
        "nobody": None,
    }
    ground = Ground(scene, make_user(store, Role.EXPERT), found)
    store.commit()
    return ground, people


def _found(store: Session, scene: Scene) -> dict[str, int]:
    """What the first expert found, with a photograph, and a questionnaire."""
    at = {"assignment_id": scene.assignment.id}
    author = scene.experts[0].id
    finding = Finding(
        **at,
        author_id=author,
        token=TOKEN.replace("2", "1"),
        channel=Channel.INSPECT,
        words="看过。",
        noted_at=NOW,
        saved_at=NOW,
    )
    survey = Survey(**at, title="学生", sheet_digest="e" * 64, imported_by=author, imported_at=NOW)
    store.add_all([finding, survey])
    store.add(
        Blob(
            school_id=scene.school.id,
            sha256="f" * 64,
            size=4,
            media_type="image/jpeg",
            storage="local",
            created_at=NOW,
        )
    )
    store.flush()
    photo = FindingPhoto(
        finding_id=finding.id, school_id=scene.school.id, sha256="f" * 64, filename="IMG_1.jpg", added_at=NOW
    )
    store.add(photo)
    store.flush()
    return {"finding": finding.id, "photo": photo.id, "survey": survey.id}


def _outcome(app: Flask, visitor: Visitor, action: Action, address: str, body: dict[str, object]) -> str:
    client = app.test_client()
    client.set_cookie("portfolio", visitor.cookie)
    sent = {"json": body} if action.method == "PUT" else {"data": body}
    answer = client.open(address, method=action.method, headers={"X-CSRFToken": visitor.token}, **sent)  # type: ignore[arg-type]
    match answer.status_code:
        case 200 | 302:
            return "done"
        case 409 | 422:
            return "refused"
        case code:
            return str(code)


@pytest.mark.parametrize("state", STATES)
def test_who_gets_through_in_this_state_and_nothing_changes_for_anybody_else(
    app: Flask, store: Session, tmp_path: Path, caplog: pytest.LogCaptureFixture, state: str
) -> None:
    ground, people = _scene(store, state)
    visitors = {who: _visitor(app, who, user, None) for who, user in people.items()}
    store.close()
    database = Snapshot(app, tmp_path)
    stood = _stands(database)
    wrong = []
    for name, action in ACTIONS.items():
        for who, visitor in visitors.items():
            body = action.body(ground, state)  # anew: a file that was sent is at its end
            caplog.clear()
            with caplog.at_level(logging.WARNING):
                outcome = _outcome(app, visitor, action, action.address(ground, who), body)
            due = expected(action, state, who)
            if outcome != due:
                wrong.append(f"{name} as {who}: {outcome}, not {due}")
            if outcome == "done":
                database.restore()
            elif _stands(database) != stood:
                wrong.append(f"{name} as {who}: {outcome}, and something changed")
            elif "refused" not in caplog.text:
                wrong.append(f"{name} as {who}: {outcome}, and not in the log")
    assert not wrong, "\n".join(wrong)


def _stands(database: Snapshot) -> list[tuple[object, ...]]:
    """What a change would leave behind: the trail, and every version, moment and count of the panel's tables."""
    queries = (
        "SELECT count(*) FROM audit_events",
        "SELECT count(*), sum(version), count(score) FROM element_reviews",
        "SELECT count(*), count(handed_in_at) FROM reviews",
        "SELECT count(*), sum(version) FROM determinations",
        "SELECT count(*), count(undone_at) FROM rulings",
        "SELECT count(*) FROM remarks",
        "SELECT count(*) FROM corrections",
        "SELECT count(*), count(withdrawn_at), count(signed_at), count(reopened_at) FROM closings",
        "SELECT count(*), count(closed_at), count(published_at), count(settling_since) FROM assignments",
        "SELECT count(*) FROM recusals",
        "SELECT count(*) FROM interest_statements",
        "SELECT count(*) FROM substitutions",
        "SELECT count(*) FROM memberships",
        "SELECT count(*), sum(version), count(withdrawn_at) FROM findings",
        "SELECT count(*), count(removed_at) FROM finding_photos",
        "SELECT count(*) FROM agenda_ticks",
        "SELECT count(*) FROM draws",
        "SELECT count(*), count(withdrawn_at) FROM surveys",
        "SELECT count(*), group_concat(digest) FROM packages",
    )
    with database.engine.connect() as connection:
        return [tuple(connection.execute(text(query)).one()) for query in queries]


def test_every_body_is_right_where_the_action_is_possible() -> None:
    """Each action gets through for somebody in some state, but for those that never may."""
    never = {name for name, action in ACTIONS.items() if not any(action.done.values())}
    assert never == {"score another's", "hand in another's", "correct another's", "assign again"}
    assert all(re.fullmatch(r"\w+\.\w+", action.endpoint) for action in ACTIONS.values())
