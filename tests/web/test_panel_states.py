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
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from portfolio.models import (
    Blob,
    Finding,
    FindingPhoto,
    Membership,
    RectificationItem,
    Recusal,
    Review,
    Role,
    Survey,
    User,
)
from portfolio.policy import Permission
from portfolio.queries import assigning, bureau_places
from portfolio.queries.submission import check_list
from portfolio.services import appeals, closing, packages, publishing, reviews, settlement
from portfolio.storage import Storage
from rubric.model import Channel
from tests.derive.samples import encoded
from tests.derive.samples import scene as picture
from tests.factories import NOW, PASSWORD, actor_for, bureau_actor, make_staff, make_user
from tests.panel_factory import Scene, claimed, make_scene
from tests.supplement_factory import School
from tests.web.test_every_endpoint import Snapshot, Visitor, _rules, _visitor

WAY = (
    "scoring",
    "one in",
    "all in",
    "open",
    "settled",
    "proposed",
    "closed",
    "reopened",
    "published",
    "error drafted",  # the school has written an answer to a factual error
    "error sent",
)
# off the way, all reviews being in: the school was asked for a supplement, its lead has handed it over, it is signed
ASKED = ("asked", "handed over", "answered")
STATES = (*WAY, *ASKED)
BEFORE_THE_TABLE = {"scoring", "one in", "all in", *ASKED}
SAID = {"reason": "看过材料。", "channel": "documents"}
TOKEN = "6b1f5c1e-0000-4000-8000-000000000002"
NOTED = "6b1f5c1e-0000-4000-8000-000000000001"
SHEET = "编号,题目,满意\nC80,好吗？,203\n".encode()
PICTURE = encoded(picture(), "JPEG")
EXPERTS = ("first expert", "second expert", "recused expert", "removed expert")
NOT_MINE = {"first expert": "C80", "second expert": "C81"}


@dataclass(frozen=True)
class Ground:
    """The package under review, and everybody around it."""

    scene: Scene
    newcomer: User
    # who has what, as the page of it names it
    standing: str
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
    # the panel knows of the result's pages from the beginning, empty as they are
    of_the_result: bool = False


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


def _not_mine(path: str = "") -> Callable[[Ground, str], str]:
    """An element that is not allotted to them."""
    return lambda ground, who: (
        f"/reviews/{ground.review(who)}/elements/{NOT_MINE.get(who, NOT_MINE['first expert'])}{path}"
    )


def _shared_out(ground: Ground, _state: str) -> dict[str, object]:
    """Everybody keeps what they have; the newcomer gets everything too."""
    key = ground.scene.assignment.id
    first, second, _recused, removed = (expert.id for expert in ground.scene.experts)
    parts = {first: "C1–C79, C81–C84", second: "C1–C80, C82–C84", removed: "all", ground.newcomer.id: "all"}
    return {
        "give": [f"{key}:{expert}:{codes}" for expert, codes in parts.items()],
        "standing": ground.standing,
    }


def _dossier(path: str) -> Callable[[Ground, str], str]:
    return lambda ground, who: f"/dossiers/{ground.scene.dossier.id}{path}"


def _written(_ground: Ground, _state: str) -> dict[str, object]:
    return {"score": "0.4", "justification": "补充说明。", "version": 1}


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


def _result(area: str, path: str) -> Callable[[Ground, str], str]:
    return lambda ground, who: (
        f"/rounds/{ground.scene.assignment.round_id}/{area}/{ground.scene.package.id}{path}"
    )


def _item(_ground: Ground, _state: str) -> dict[str, object]:
    return {**ITEM, "due_on": (NOW + timedelta(days=60)).date().isoformat(), "version": 1}


def _answer(_ground: Ground, state: str) -> dict[str, object]:
    return {"text": "第三页有记录。", "version": 1 if state in ("error drafted", "error sent") else 0}


def _decision(_ground: Ground, _state: str) -> dict[str, object]:
    return {"score": "0.8", "reason": "记录属实。", "outcome": "done", "answers": 0}


ITEM = {"element": "C2", "problem": "记录不全。", "measure": "补齐。", "responsible": "李主任"}
ALL = set(STATES)
OUT = {"published", "error drafted", "error sent"}
TALKING = {"open", "settled", "proposed", "reopened"}
RULING = {"open", "settled", "reopened"}
FIRST_SCORES, SECOND_SCORES = {"scoring"}, {"scoring", "one in"}
FIRST_CORRECTS, SECOND_CORRECTS = {"one in", "all in", *ASKED}, {"all in", *ASKED}
SCORES = {"first expert": FIRST_SCORES, "second expert": SECOND_SCORES}
CORRECTS = {"first expert": FIRST_CORRECTS, "second expert": SECOND_CORRECTS}
PREVIEWS = dict.fromkeys(("chair", "first expert", "second expert"), ALL)
SEATED = {"first expert": ALL, "second expert": ALL}
SEATED_IN_VAIN: dict[str, set[str]] = {"first expert": set(), "second expert": set()}
VISITS = {who: ALL - {"closed"} - OUT for who in ("chair", "first expert", "second expert")}
FIRST_ONLY = {"first expert": ALL - {"closed"} - OUT}
EVERY_VOICE = {"chair": TALKING, "first expert": TALKING, "second expert": TALKING}
SIGNERS = {"first expert": {"proposed"}, "second expert": {"proposed"}}
CHAIR_ONLY = frozenset({"first expert", "second expert"})
OBSERVER = frozenset({"observer"})
SCHOOLS_OWN = frozenset({"observer", "bureau"})
READERS = CHAIR_ONLY | OBSERVER | {"chair", "lead", "principal", "bureau"}

ACTIONS = {
    "score": Action("panel.save_element", _own("/elements/C1"), SCORES, _score, "PUT"),
    "score by form": Action("panel.submit_element", _own("/elements/C1"), SCORES, _score),
    "score another's": Action("panel.save_element", _anothers("/elements/C1"), {}, _score, "PUT"),
    "score what is not mine": Action("panel.save_element", _not_mine(), SEATED_IN_VAIN, _score, "PUT"),
    "score what is not mine by form": Action("panel.submit_element", _not_mine(), SEATED_IN_VAIN, _score),
    "correct what is not mine": Action(
        "panel.correct_element", _not_mine("/correction"), SEATED_IN_VAIN, _score
    ),
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
    "photograph": Action(
        "visit.add_photos", _visit(f"/findings/{NOTED}/photos"), FIRST_ONLY, lambda *_: _photograph()
    ),
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
        "settlement.open_table",
        _table("/opening"),
        {"chair": {"all in", "answered"}},
        openly_refused=CHAIR_ONLY,
    ),
    "ask the school": Action(
        "supplement.ask",
        _table("/supplement"),
        {"chair": {"scoring", "one in", "all in", "answered"}},
        lambda ground, state: {"question-C1": "请补充会议记录。", "due_at": "2026-12-30T18:00"},
        openly_refused=CHAIR_ONLY,
    ),
    "withdraw the request": Action(
        "supplement.withdraw",
        _table("/supplement/withdrawal"),
        {"chair": {"asked", "handed over"}},
        openly_refused=CHAIR_ONLY,
    ),
    "give the school more time": Action(
        "supplement.extend",
        _table("/supplement/extension"),
        {"chair": {"asked", "handed over"}},
        lambda ground, state: {"due_at": "2026-12-31T18:00", "reason": "学校正值期末考试。"},
        openly_refused=CHAIR_ONLY,
    ),
    "propose a question": Action(
        "supplement.propose",
        _own("/elements/C1/question"),
        {"first expert": BEFORE_THE_TABLE, "second expert": BEFORE_THE_TABLE},
        lambda ground, state: {"question": "请补充会议记录。"},
    ),
    "propose as another": Action(
        "supplement.propose",
        _anothers("/elements/C1/question"),
        {},
        lambda ground, state: {"question": "请补充会议记录。"},
    ),
    "take a question back": Action(
        "supplement.take_back",
        _own("/elements/C1/question/withdrawal"),
        {"first expert": ALL - {"closed"} - OUT, "second expert": ALL - {"closed"} - OUT},
    ),
    "write what was asked about": Action(
        "dossier.save_element",
        _dossier("/elements/C1"),
        {"lead": ALL - {"handed over", "answered"}},
        _written,
        "PUT",
        SCHOOLS_OWN | {"principal"},
    ),
    "write something else": Action(
        "dossier.save_element",
        _dossier("/elements/C2"),
        {"lead": set(WAY)},
        _written,
        "PUT",
        SCHOOLS_OWN | {"principal"},
    ),
    "hand over": Action(
        "package.hand_over",
        _dossier("/submission"),
        {"lead": {"asked"}},
        openly_refused=SCHOOLS_OWN | {"principal"},
    ),
    "sign the package": Action(
        "package.sign",
        _dossier("/submission/signature"),
        {"principal": {"handed over"}},
        _password,
        openly_refused=SCHOOLS_OWN | {"lead"},
    ),
    "recall": Action(
        "package.recall",
        _dossier("/submission/recall"),
        {"lead": {"handed over"}, "principal": {"handed over"}},
        openly_refused=SCHOOLS_OWN,
    ),
    "settle": Action(
        "settlement.settle_element", _table("/elements/C3"), {"chair": RULING}, _ruling, "PUT", CHAIR_ONLY
    ),
    "settle by form": Action(
        "settlement.submit_element", _table("/elements/C3"), {"chair": RULING}, _ruling, "POST", CHAIR_ONLY
    ),
    "settle what all agree on": Action(
        "settlement.settle_agreed",
        _table("/agreed"),
        {"chair": RULING},
        lambda ground, state: {"elements": "C5 C6"},
        openly_refused=CHAIR_ONLY,
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
    "assign several again": Action(
        "bureau.assign_many",
        lambda ground, who: f"/bureau/rounds/{ground.scene.assignment.round_id}/assigning",
        {"bureau": set()},
        lambda ground, state: {"panel": ground.scene.panel.id, "package": ground.scene.package.id},
        openly_refused=OBSERVER,
    ),
    "assign from a sheet": Action(
        "bureau.assign_from_sheet",
        lambda ground, who: f"/bureau/rounds/{ground.scene.assignment.round_id}/assigning/sheet/assignments",
        {"bureau": set()},
        lambda ground, state: {"sheet": "5a2m5qCh", "digest": "0" * 64},
        openly_refused=OBSERVER,
    ),
    "share out anew": Action(
        "bureau.reallot",
        lambda ground, who: f"/bureau/assignments/{ground.scene.assignment.id}/allotment",
        {"bureau": BEFORE_THE_TABLE},
        _shared_out,
        openly_refused=OBSERVER,
    ),
    "take an expert off": Action(
        "bureau.remove_expert",
        lambda ground, who: f"/bureau/reviews/{ground.scene.reviews[1].id}/removal",
        {"bureau": BEFORE_THE_TABLE},
        lambda ground, state: {"reason": "病假"},
        openly_refused=OBSERVER,
    ),
    "substitute": Action(
        "bureau.substitute",
        lambda ground, who: f"/bureau/reviews/{ground.scene.reviews[2].id}/substitute",
        {"bureau": ALL - {"closed"} - OUT},
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
    "publish many": Action(
        "bureau.publish_results",
        lambda ground, who: f"/bureau/cycles/{ground.scene.cycle.id}/publication",
        {"bureau": {"closed"}},
        lambda ground, state: {"assignment": ground.scene.assignment.id},
        openly_refused=OBSERVER,
    ),
    "remind": Action(
        "bureau.remind",
        lambda ground, who: f"/bureau/cycles/{ground.scene.cycle.id}/reminders",
        # while the school may answer, nobody's turn it is where all reviews are in
        {"bureau": ALL - {"closed", "asked", "handed over"} - OUT},
        openly_refused=OBSERVER,
    ),
    "award the title": Action(
        "bureau.award",
        lambda ground, who: f"/bureau/cycles/{ground.scene.cycle.id}/certificates",
        {"bureau": OUT},
        lambda ground, state: {"assignment": ground.scene.assignment.id},
        openly_refused=OBSERVER,
    ),
    "write the report": Action(
        "panelreport.write_part",
        _result("report", "/parts/strengths"),
        {"chair": RULING},
        lambda ground, state: {"text": "制度健全。", "version": 0},
        openly_refused=CHAIR_ONLY,
    ),
    "list an item": Action(
        "panelreport.list_item",
        _result("report", "/items"),
        {"chair": RULING},
        _item,
        openly_refused=CHAIR_ONLY,
    ),
    "change an item": Action(
        "panelreport.change_item",
        _result("report", "/items/1"),
        {"chair": RULING},
        _item,
        openly_refused=CHAIR_ONLY,
    ),
    "drop an item": Action(
        "panelreport.drop_item",
        _result("report", "/items/1/removal"),
        {"chair": RULING},
        _item,
        openly_refused=CHAIR_ONLY,
    ),
    "draft an answer": Action(
        "answers.draft",
        _result("answers", "/elements/C3"),
        {"lead": {"published", "error drafted"}},
        _answer,
        openly_refused=READERS - {"lead"},
        of_the_result=True,
    ),
    "discard an answer": Action(
        "answers.discard",
        _result("answers", "/elements/C3/removal"),
        {"lead": {"error drafted"}},
        _answer,
        openly_refused=READERS - {"lead"},
        of_the_result=True,
    ),
    "send an answer": Action(
        "answers.send",
        _result("answers", "/elements/C3/sending"),
        {"principal": {"error drafted"}},
        _answer,
        openly_refused=READERS - {"principal"},
        of_the_result=True,
    ),
    "accept an answer": Action(
        "answers.accept",
        _result("answers", "/elements/C3/acceptance"),
        {"chair": {"error sent"}, "bureau": set()},
        _decision,
        openly_refused=READERS - {"chair", "bureau"},
        of_the_result=True,
    ),
    "decline an answer": Action(
        "answers.decline",
        _result("answers", "/elements/C3/refusal"),
        {"chair": {"error sent"}, "bureau": set()},
        _decision,
        openly_refused=READERS - {"chair", "bureau"},
        of_the_result=True,
    ),
    "report on an item": Action(
        "rectification.answer",
        _result("rectification", "/items/1/reports"),
        {"lead": OUT},
        _answer,
        openly_refused=READERS - {"lead"},
        of_the_result=True,
    ),
    "re-check an item": Action(
        "rectification.check",
        _result("rectification", "/items/1/checks"),
        {"chair": OUT, "first expert": OUT, "second expert": OUT, "bureau": OUT},
        _decision,
        openly_refused=READERS & {"lead", "principal", "observer"},
        of_the_result=True,
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
    Permission.APPEAL_WRITE,
    Permission.APPEAL_SEND,
    Permission.APPEAL_DECIDE,
    Permission.RECTIFICATION_ANSWER,
    Permission.RECTIFICATION_CHECK,
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
        knows = who not in EXPERTS or sees_the_table or action.of_the_result
        return "403" if knows else "404"
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
    """Take the review as far along the way as the state says."""
    steps: list[Callable[[], object]] = [
        lambda: reviews.hand_in(scene.session, actor=scene.actor(0), now=NOW, review=scene.reviews[0]),
        lambda: reviews.hand_in(scene.session, actor=scene.actor(1), now=NOW, review=scene.reviews[1]),
        lambda: _open_and_settle_one(scene),
        lambda: _settle_the_rest(scene),
        scene.propose_closing,
        lambda: scene.sign_closing(1),
        lambda: _reopen(scene) if state == "reopened" else None,
        lambda: _publish(scene),
        lambda: _draft(scene),
        lambda: _send(scene),
    ]
    for step in steps[: WAY.index(state)]:
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
    publishing.publish(scene.session, actor=bureau_actor(scene.session), now=NOW, assignment=scene.assignment)


def _ask(school: School, state: str) -> None:
    """Take a supplement as far as the state says."""
    school.ask("C1")
    _waive_gaps(school)
    steps: list[Callable[[], object]] = [school.hand_over, lambda: school.sign(NOW)]
    for step in steps[: ASKED.index(state)]:
        step()


def _waive_gaps(school: School) -> None:
    listed = check_list(school.session, school.dossier, now=NOW, elements={"C1"})
    packages.waive(
        school.session,
        actor=school.lead,
        now=NOW,
        dossier=school.dossier,
        keys=[gap.key for gap in listed.open],
        reason="材料在区教育局存档",
    )


def _draft(scene: Scene) -> None:
    appeals.draft(
        scene.session,
        actor=actor_for(scene.session, make_user(scene.session, Role.LEAD, school=scene.school)),
        now=NOW,
        assignment=scene.assignment,
        code="C3",
        text="第三页有记录。",
        cited=[],
        version=0,
    )


def _send(scene: Scene) -> None:
    principal = make_user(scene.session, Role.PRINCIPAL, school=scene.school)
    appeals.send(
        scene.session,
        actor=actor_for(scene.session, principal),
        now=NOW,
        assignment=scene.assignment,
        code="C3",
        version=1,
    )


def _scene(
    store: Session, storage: Storage, folder: Path, state: str
) -> tuple[Ground, dict[str, User | None]]:
    scene = make_scene(store, experts=4)
    for number, code in enumerate(NOT_MINE.values()):
        store.delete(scene.row(code, number))
    store.flush()
    for number in (0, 1, 3):
        scene.score_everything(number)
    store.add(Recusal(user_id=scene.experts[2].id, school_id=scene.school.id, reason="亲属", declared_at=NOW))
    store.get_one(Review, scene.reviews[3].id).handed_in_at = NOW
    found = _found(store, scene)
    store.add(
        RectificationItem(
            assignment_id=scene.assignment.id,
            number=1,
            due_on=NOW.date(),
            saved_at=NOW,
            saved_by=scene.chair.id,
            **ITEM,
        )
    )
    store.flush()
    staff = make_staff(store, scene.school)
    if state in ASKED:
        _reach(scene, "all in")
        _ask(School(scene, storage, staff, folder, []), state)
    else:
        _reach(scene, state)
    store.execute(delete(Membership).where(Membership.user_id == scene.experts[3].id))
    foreign = make_scene(store)
    people: dict[str, User | None] = dict(zip(EXPERTS, scene.experts, strict=True))
    people |= {
        "chair": scene.chair,
        "foreign expert": foreign.experts[0],
        "foreign chair": foreign.chair,
        "lead": staff.lead,
        "principal": staff.principal,
        "bureau": make_user(store, Role.BUREAU),
        "observer": make_user(store, Role.OBSERVER),
        "nobody": None,
    }
    scene.cycle.award_years = 3
    newcomer = make_user(store, Role.EXPERT)
    held, _place = bureau_places.assignment(store, assignment_id=scene.assignment.id)
    ground = Ground(scene, newcomer, assigning.standing_digest(assigning.seats(store, held)), found)
    store.commit()
    return ground, people


def _found(store: Session, scene: Scene) -> dict[str, int]:
    """What the first expert found, with a photograph, and a questionnaire."""
    at = {"assignment_id": scene.assignment.id}
    author = scene.experts[0].id
    finding = Finding(
        **at,
        author_id=author,
        token=NOTED,
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
    ground, people = _scene(store, app.extensions["portfolio"].storage, tmp_path, state)
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
            elif database.is_written_to() and _stands(database) != stood:
                wrong.append(f"{name} as {who}: {outcome}, and something changed")
            elif "refused" not in caplog.text:
                wrong.append(f"{name} as {who}: {outcome}, and not in the log")
    database.close()
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
        "SELECT count(*), sum(version) FROM report_parts",
        "SELECT count(*), sum(version) FROM rectification_items",
        "SELECT count(*), sum(version), count(sent_at), count(outcome) FROM appeals",
        "SELECT count(*) FROM rectification_answers",
        "SELECT count(*) FROM rectification_checks",
        "SELECT count(*) FROM recusals",
        "SELECT count(*) FROM interest_statements",
        "SELECT count(*) FROM substitutions",
        "SELECT count(*) FROM removals",
        "SELECT count(*) FROM memberships",
        "SELECT count(*) FROM panel_reminders",
        "SELECT count(*), count(revoked_at) FROM certificates",
        "SELECT count(*), sum(version), count(withdrawn_at) FROM findings",
        "SELECT count(*), count(removed_at) FROM finding_photos",
        "SELECT count(*) FROM agenda_ticks",
        "SELECT count(*) FROM draws",
        "SELECT count(*), count(withdrawn_at) FROM surveys",
        "SELECT count(*), group_concat(digest) FROM packages",
        "SELECT count(*), count(answered_at), count(withdrawn_at), count(lapsed_at) FROM supplement_requests",
        "SELECT count(*) FROM supplement_extensions",
        "SELECT count(*) FROM supplement_proposals",
        "SELECT count(handed_over_at), group_concat(state) FROM dossiers",
        "SELECT sum(version) FROM self_assessments",
    )
    with database.engine.connect() as connection:
        return [tuple(connection.execute(text(query)).one()) for query in queries]


def test_every_body_is_right_where_the_action_is_possible() -> None:
    """Each action gets through for somebody in some state, but for those that never may."""
    never = {name for name, action in ACTIONS.items() if not any(action.done.values())}
    assert never == {
        "score another's",
        "hand in another's",
        "correct another's",
        "score what is not mine",
        "score what is not mine by form",
        "correct what is not mine",
        "assign again",
        "assign several again",
        "assign from a sheet",
        "propose as another",
    }
    assert all(re.fullmatch(r"\w+\.\w+", action.endpoint) for action in ACTIONS.values())
