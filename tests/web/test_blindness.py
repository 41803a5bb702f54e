"""Until an expert's own review is in, nothing they can get depends on what the others gave.

Whole answers are compared, headers and all: an expert asks for everything while the others have given
nothing, and again after each of them has scored everything and handed in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO

import pytest
from openpyxl import load_workbook
from sqlalchemy import update
from sqlalchemy.orm import Session

from portfolio.models import Blob, Finding, FindingPhoto, Membership, Role, User
from portfolio.services import findings
from portfolio.services.findings import Note
from tests.conftest import Browser
from tests.factories import NOW
from tests.panel_factory import Scene, make_scene
from tests.web.pages import without_tokens

LogIn = Callable[[User], Browser]
SHOWS = ("", "?show=todo", "?show=bare", "?show=far", "?show=flagged", "?show=changed")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FRESH = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
PHOTO, PHOTO_IDS = "f" * 64, {1: 1001, 2: 1002}
OTHERS = {1: {"C1": "0.1", "C14": "0.2", "C26": "0.3"}, 2: {"C1": "0.4", "C14": "0.5", "C84": "0.6"}}


@pytest.fixture
def scene(store: Session) -> Scene:
    """Three experts; the first has scored two elements."""
    made = make_scene(store)
    made.score_everything(0)
    for row in (made.row("C1"), made.row("C14")):
        row.score = None
    store.commit()
    return made


def _whole(answer: object) -> tuple[int, dict[str, str], str]:
    """Status, headers and body; the CSRF token, new in every answer, is masked; a workbook is read."""
    headers = {name: value for name, value in answer.headers if name not in ("Set-Cookie", "Content-Length")}  # type: ignore[attr-defined]
    if answer.mimetype == XLSX:  # type: ignore[attr-defined]
        return answer.status_code, headers, _cells(answer.data)  # type: ignore[attr-defined]
    body = answer.get_data(as_text=True)  # type: ignore[attr-defined]
    body = FRESH.sub("", body)  # a form for the next finding brings its token
    return answer.status_code, headers, without_tokens(body)  # type: ignore[attr-defined]


def _cells(workbook: bytes) -> str:
    """Every cell of every sheet."""
    sheets = load_workbook(BytesIO(workbook)).worksheets
    return "\n".join(str([cell.value for cell in row]) for sheet in sheets for row in sheet.iter_rows())


def _everything(scene: Scene, browser: Browser) -> dict[str, tuple[int, dict[str, str], str]]:
    review = f"/reviews/{scene.reviews[0].id}"
    table = f"/rounds/{scene.assignment.round_id}/settlement/{scene.package.id}"
    package = f"/packages/{scene.package.id}"
    visit = f"/rounds/{scene.assignment.round_id}/visit/{scene.package.id}"
    paths = [
        visit,
        f"{visit}/findings",
        f"{visit}/draws",
        f"{visit}/surveys",
        *(f"{visit}/elements/{code}" for code in ("C1", "C14")),
        *(f"{visit}/photos/{photo}/page" for photo in PHOTO_IDS.values()),
        "/",
        "/account",
        "/reviews",
        "/bureau",
        f"/dossiers/{scene.dossier.id}/result",
        package,
        f"{package}?part=all",
        f"{package}/manifest.json",
        f"{package}/form.xlsx",
        f"{package}/changes?show=all",
        f"{table}/supplement",
        review,
        *(f"{review}/elements/{code}{show}" for code in ("C1", "C14", "C26", "C84") for show in SHOWS),
        table,
        f"{table}?element=C14&show=discuss&sort=median",
        "/reviews.csv",
        f"{package}/elements.csv",
        f"/dossiers/{scene.dossier.id}/result.csv",
        *(f"{table}{part}.{kind}" for part in ("", "/areas") for kind in ("csv", "xlsx")),
        *(f"/reviews/{other.id}" for other in scene.reviews[1:]),
        *(f"/reviews/{other.id}/elements/C14" for other in scene.reviews[1:]),
    ]
    asked = {path: _whole(browser.get(path)) for path in paths}
    as_json = {"Accept": "application/json"}
    asked |= {f"{path} as JSON": _whole(browser.get(path, headers=as_json)) for path in paths}
    return asked | {f"{path} HEAD": _whole(browser.client.head(path)) for path in (review, table, package)}


def _others_finish(scene: Scene, store: Session) -> None:
    """They note what they find, with a photograph, score everything and hand in."""
    for number, below in OTHERS.items():
        _note(scene, number)
        scene.hand_in(number, below)
    store.commit()


def _note(scene: Scene, number: int) -> None:
    """A finding about two elements that are looked at, and the photograph laid beside it."""
    finding = findings.note(
        scene.session,
        actor=scene.actor(number),
        now=NOW,
        assignment=scene.assignment,
        token=f"6b1f5c1e-0000-4000-8000-00000000000{number}",
        version=0,
        typed=Note("inspect", f"第{number + 1}位专家：佐证不足。", "C1 C14", contradicts=True),
    )
    if scene.session.get(Blob, (scene.school.id, PHOTO)) is None:
        scene.session.add(
            Blob(
                school_id=scene.school.id,
                sha256=PHOTO,
                size=4,
                media_type="image/jpeg",
                storage="local",
                created_at=NOW,
            )
        )
        scene.session.flush()
    scene.session.add(
        FindingPhoto(
            id=PHOTO_IDS[number],
            finding_id=finding.id,
            school_id=scene.school.id,
            sha256=PHOTO,
            filename=f"{number}.jpg",
            added_at=NOW,
        )
    )
    scene.session.flush()


def test_no_page_of_an_expert_depends_on_the_others(scene: Scene, store: Session, log_in: LogIn) -> None:
    expert = log_in(scene.experts[0])
    before = _everything(scene, expert)
    _others_finish(scene, store)
    after = _everything(scene, expert)
    assert {path: after[path] for path in before if after[path] != before[path]} == {}
    assert before["/reviews"][0] == 200


def test_no_document_of_a_package_depends_on_the_others(scene: Scene, store: Session, log_in: LogIn) -> None:
    """To the byte: forms, catalogue, labels, receipt and archive."""
    expert = log_in(scene.experts[0])
    names = [
        *(
            f"form.{extension}?scores={scores}"
            for extension in ("docx", "pdf")
            for scores in ("self", "both")
        ),
        *(f"catalogue.{extension}" for extension in ("docx", "xlsx", "pdf")),
        "labels.docx",
        "receipt.pdf",
        "archive.zip",
    ]

    def asked() -> dict[str, tuple[int, bytes]]:
        answers = {name: expert.get(f"/packages/{scene.package.id}/{name}") for name in names}
        return {name: (answer.status_code, answer.data) for name, answer in answers.items()}

    before = asked()
    _others_finish(scene, store)
    after = asked()
    assert [name for name in names if after[name] != before[name]] == []
    assert {status for status, _ in before.values()} == {200}


def test_nor_once_it_is_in_until_the_table_is_open(scene: Scene, store: Session, log_in: LogIn) -> None:
    scene.hand_in(0)
    store.commit()
    expert = log_in(scene.experts[0])
    before = _everything(scene, expert)
    correction = f"/reviews/{scene.reviews[0].id}/elements/C26/correction"
    refused = _whole(expert.post(correction, {"score": "0.5", "version": "9", "why": "x"}))
    _others_finish(scene, store)
    after = _everything(scene, expert)
    assert {path: after[path] for path in before if after[path] != before[path]} == {}
    assert _whole(expert.post(correction, {"score": "0.5", "version": "9", "why": "x"})) == refused


def test_who_joins_after_the_table_was_opened_is_as_blind(
    scene: Scene, store: Session, log_in: LogIn
) -> None:
    _others_finish(scene, store)
    scene.assignment.settling_since = NOW
    store.commit()
    late = log_in(scene.experts[0])
    before = _everything(scene, late)
    for number in OTHERS:
        scene.score_everything(number, {"C1": "0.7", "C14": "0.1", "C50": "0.2"})
    store.execute(update(Finding).values(words="又去看了一次。"))
    store.commit()
    assert _everything(scene, late) == before
    assert before[f"/rounds/{scene.assignment.round_id}/settlement/{scene.package.id}"][0] == 404


def test_the_comparison_notices_a_leak(scene: Scene, store: Session, log_in: LogIn) -> None:
    """Whoever may see the scores gets other answers, so the tests above can fail."""
    scene.hand_in(0, {"C1": "0.1"})
    _others_finish(scene, store)
    scene.open_table()
    store.commit()
    expert = log_in(scene.experts[0])
    before = _everything(scene, expert)
    scene.score_everything(1, {"C14": "0.1"})
    store.commit()
    after = _everything(scene, expert)
    changed = {path for path in before if after[path] != before[path]}
    assert f"/rounds/{scene.assignment.round_id}/settlement/{scene.package.id}" in changed
    assert not any(path.startswith(("/reviews", "/packages")) for path in changed)


def test_no_answer_to_a_save_depends_on_the_others(scene: Scene, store: Session, log_in: LogIn) -> None:
    expert = log_in(scene.experts[0])
    address = f"/reviews/{scene.reviews[0].id}/elements/C26"
    reviewed = {"reason": "依据不足", "channel": "listen"}

    def answers(version: int) -> list[tuple[int, object]]:
        bodies = [
            {"score": "0.8", **reviewed, "version": version},
            {"score": "0.8", "reason": "", "channel": "", "version": version + 1},
            {"score": "9", **reviewed, "version": version + 1},
            {"score": "0.8", **reviewed, "version": 0},
        ]
        given = [expert.put(address, body) for body in bodies]
        return [(answer.status_code, _without_version(answer.json)) for answer in given]

    before = answers(1)
    _others_finish(scene, store)
    assert answers(2) == before
    assert [status for status, _ in before] == [200, 422, 422, 409]


def _without_version(reply: dict[str, object]) -> dict[str, object]:
    """Our own count of saves, which the first round of this test moved on."""
    current = reply.get("current")
    kept = dict(current) if isinstance(current, dict) else None
    if kept:
        kept.pop("version")
    return {name: value for name, value in reply.items() if name not in ("version", "current")} | {
        "current": kept
    }


def test_an_early_hand_in_is_refused_the_same(scene: Scene, store: Session, log_in: LogIn) -> None:
    expert = log_in(scene.experts[0])
    before = _whole(expert.post(f"/reviews/{scene.reviews[0].id}/hand-in"))
    _others_finish(scene, store)
    assert _whole(expert.post(f"/reviews/{scene.reviews[0].id}/hand-in")) == before
    assert before[0] == 422


def test_a_chair_who_also_scores_sees_who_is_in_and_no_score(
    scene: Scene, store: Session, log_in: LogIn
) -> None:
    store.add(Membership(user_id=scene.experts[0].id, role=Role.CHAIR, panel_id=scene.panel.id))
    store.commit()
    both = log_in(scene.experts[0])
    _others_finish(scene, store)
    first = _everything(scene, both)
    for number in OTHERS:  # other scores, the same hand-ins
        scene.score_everything(number, {"C1": "0.7", "C14": "0.1", "C50": "0.2"})
    store.commit()
    assert _everything(scene, both) == first
    table = first[f"/rounds/{scene.assignment.round_id}/settlement/{scene.package.id}"]
    assert table[0] == 200
    assert "佐证不足" not in table[2]
