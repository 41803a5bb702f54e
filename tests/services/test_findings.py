"""Findings of a visit: written once however often they are sent, by their writer alone, until the review is closed."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio.errors import DomainError, NotFound, Refused, StaleWrite
from portfolio.models import (
    AgendaTick,
    AuditEvent,
    Blob,
    Derivation,
    Finding,
    FindingPhoto,
    Package,
    PackageFile,
    Recusal,
)
from portfolio.queries import facets
from portfolio.queries.beside import beside_score, beside_settlement
from portfolio.queries.findings import own_findings
from portfolio.queries.visit import agenda
from portfolio.services import blobs, findings, visits
from portfolio.services.evidence import StoredFile
from portfolio.services.findings import Note
from portfolio.storage import Storage
from rubric.loader import DEFAULT, find
from rubric.model import Channel
from tests.factories import NOW
from tests.panel_factory import Scene, make_scene

TOKEN = "6b1f5c1e-0000-4000-8000-00000000000{}"
SEEN = Note("inspect", "图书室每天只开放两小时。", "C14 c26", True)


@pytest.fixture
def scene(session: Session) -> Scene:
    """Three experts about to visit a school."""
    return make_scene(session)


def note(
    scene: Scene, typed: Note = SEEN, *, number: int = 0, token: str = TOKEN.format(1), version: int = 0
) -> Finding:
    return findings.note(
        scene.session,
        actor=scene.actor(number),
        now=NOW,
        assignment=scene.assignment,
        token=token,
        version=version,
        typed=typed,
    )


def stored(scene: Scene, storage: Storage, folder: Path, content: bytes = b"JPEG") -> StoredFile:
    source = folder / "photo"
    source.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    storage.put(scene.school.id, digest, source)
    return StoredFile("IMG_0001.jpg", digest, len(content), "image/jpeg", storage.name)


def photograph(scene: Scene, storage: Storage, file: StoredFile, made: Finding) -> FindingPhoto:
    return findings.add_photo(
        scene.session,
        actor=scene.actor(),
        now=NOW,
        assignment=scene.assignment,
        finding=made,
        file=file,
        storage=storage,
    )


def events(session: Session, kind: str) -> int:
    return session.scalar(select(func.count()).where(AuditEvent.action.like(f"{kind}:%"))) or 0


def test_a_finding_is_tied_to_its_elements_however_their_codes_are_written(scene: Scene) -> None:
    note(scene, Note("discuss", "家长说作业偏多。", "26、c014，3;C3"))
    (found,) = own_findings(scene.session, scene.assignment, scene.actor())
    assert (found.channel, found.elements) == (Channel.DISCUSS, ("C3", "C14", "C26"))


def test_what_is_sent_twice_is_one_finding_and_one_event(scene: Scene) -> None:
    first = note(scene)
    assert note(scene).id == first.id
    assert first.version == 1
    assert events(scene.session, "finding") == 1


def test_a_change_goes_over_its_own_version_only(scene: Scene) -> None:
    note(scene)
    assert note(scene, Note("inspect", "开放三小时。"), version=1).version == 2
    with pytest.raises(StaleWrite) as stale:
        note(scene, Note("inspect", "开放四小时。"), version=1)
    assert isinstance(stale.value.current, Finding) and stale.value.current.words == "开放三小时。"
    (found,) = own_findings(scene.session, scene.assignment, scene.actor())
    assert (found.words, found.elements) == ("开放三小时。", ())


def test_two_experts_with_the_same_token_have_two_findings(scene: Scene) -> None:
    assert note(scene).id != note(scene, number=1).id


@pytest.mark.parametrize(
    ("typed", "field", "code"),
    [
        (Note("inspect", "  "), "words", "finding_empty"),
        (Note("", "看了。"), "channel", "finding_without_channel"),
        (Note("rumour", "听说。"), "channel", "channel_unknown"),
        (Note("inspect", "看了。", "C14 C85"), "codes", "elements_unknown"),
        (Note("inspect", "看了。", "图书室"), "codes", "elements_unknown"),
        (Note("inspect", "看了。", " ".join(f"C{n}" for n in range(1, 30))), "codes", "elements_too_many"),
        (Note("inspect", "看" * 4001), "words", "text_too_long"),
    ],
)
def test_what_says_too_little_or_too_much_is_refused_by_field(
    scene: Scene, typed: Note, field: str, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        note(scene, typed)
    assert refused.value.errors[field].code == code
    assert events(scene.session, "finding") == 0


def test_a_token_of_another_shape_is_none(scene: Scene) -> None:
    with pytest.raises(NotFound):
        note(scene, token="../C14")


def test_the_moment_of_the_device_counts_but_never_one_to_come(scene: Scene) -> None:
    earlier, later = NOW - timedelta(hours=2), NOW + timedelta(days=3)
    scene.assignment.assigned_at = NOW - timedelta(days=1)
    at = [
        note(scene, Note("inspect", "看。", noted_at=moment), token=TOKEN.format(n)).noted_at
        for n, moment in enumerate((earlier, later, None, NOW - timedelta(days=900)))
    ]
    assert at == [earlier, NOW, NOW, NOW - timedelta(days=1)]


def test_a_finding_taken_back_is_gone_from_every_page_and_stays_on_record(scene: Scene) -> None:
    made = note(scene)
    give_back = {"actor": scene.actor(), "now": NOW, "assignment": scene.assignment, "finding": made}
    findings.withdraw(scene.session, **give_back)  # type: ignore[arg-type]
    assert own_findings(scene.session, scene.assignment, scene.actor()) == ()
    with pytest.raises(DomainError, match="finding_withdrawn"):
        findings.withdraw(scene.session, **give_back)  # type: ignore[arg-type]
    with pytest.raises(StaleWrite):
        note(scene, Note("inspect", "再写。"), version=2)
    assert scene.session.scalar(select(func.count()).select_from(Finding)) == 1


def test_a_photograph_lies_in_the_store_and_in_no_package_nor_among_the_schools_files(
    scene: Scene, storage: Storage, tmp_path: Path
) -> None:
    before = scene.session.scalar(select(func.count()).select_from(PackageFile))
    file = stored(scene, storage, tmp_path)
    first, again = (photograph(scene, storage, file, note(scene)) for _ in range(2))
    assert first.id == again.id
    session = scene.session
    assert session.get(Blob, (scene.school.id, file.sha256)) is not None
    assert session.get(Derivation, (scene.school.id, file.sha256)) is not None  # its copy is asked for
    assert session.scalar(select(func.count()).select_from(PackageFile)) == before
    kept = session.execute(facets._stored(scene.school.id)[1]).one()
    assert kept[3] == session.scalar(select(func.count()).select_from(Blob).where(Blob.sha256 != file.sha256))


def test_a_photograph_is_not_swept_away_and_one_without_a_finding_is(
    scene: Scene, storage: Storage, tmp_path: Path
) -> None:
    shown = stored(scene, storage, tmp_path)
    photograph(scene, storage, shown, note(scene))
    left = stored(scene, storage, tmp_path, b"left")
    for _ in range(2):
        blobs.sweep(scene.session, storage, now=NOW + timedelta(days=9))
        scene.session.flush()
    assert storage.exists(scene.school.id, shown.sha256)
    assert not storage.exists(scene.school.id, left.sha256)


def test_only_pictures_and_only_so_many(scene: Scene, storage: Storage, tmp_path: Path) -> None:
    made = note(scene)
    text = StoredFile("说明.txt", "0" * 64, 4, "text/plain", storage.name)
    with pytest.raises(DomainError, match="photo_no_picture"):
        photograph(scene, storage, text, made)
    for number in range(findings.MOST_PHOTOS):
        photograph(scene, storage, stored(scene, storage, tmp_path, b"%d" % number), made)
    with pytest.raises(DomainError, match="photos_too_many"):
        photograph(scene, storage, stored(scene, storage, tmp_path, b"one more"), made)


def test_after_closing_nothing_is_noted_ticked_or_taken_back(scene: Scene) -> None:
    made = note(scene)
    scene.assignment.closed_at = NOW
    scene.session.flush()
    acts = [
        lambda: note(scene, token=TOKEN.format(2)),
        lambda: findings.withdraw(
            scene.session, actor=scene.actor(), now=NOW, assignment=scene.assignment, finding=made
        ),
        lambda: tick(scene, "A1.2.discuss"),
    ]
    for act in acts:
        with pytest.raises(DomainError, match="assignment_closed"):
            act()


def test_others_findings_are_seen_once_ones_own_review_is_in_and_the_table_is_open(scene: Scene) -> None:
    note(scene, number=1)

    def seen(number: int) -> list[int]:
        review = scene.reviews[number]
        scene.session.refresh(review, ["assignment"])
        beside = beside_score(scene.session, scene.actor(number), review, "C14")
        return [each.author_id for each in beside.findings]

    other = scene.experts[1].id
    assert (seen(0), seen(1)) == ([], [other])
    scene.hand_in(0)
    assert seen(0) == []
    scene.hand_in(1)
    scene.hand_in(2)
    assert beside_settlement(scene.session, scene.assignment, "C14").findings == ()
    scene.open_table()
    assert seen(0) == [other]
    assert [f.author_id for f in beside_settlement(scene.session, scene.assignment, "C14").findings] == [
        other
    ]
    assert beside_settlement(scene.session, scene.assignment, "C15").findings == ()


def test_what_somebody_found_who_stepped_aside_counts_no_more(scene: Scene) -> None:
    note(scene, number=1)
    scene.assignment.settling_since = NOW
    scene.session.add(
        Recusal(user_id=scene.experts[1].id, school_id=scene.school.id, reason="亲属", declared_at=NOW)
    )
    scene.session.flush()
    assert beside_settlement(scene.session, scene.assignment, "C14").findings == ()


def tick(scene: Scene, item: str, *, done: bool = True, number: int = 0) -> None:
    visits.tick(
        scene.session,
        actor=scene.actor(number),
        now=NOW,
        assignment=scene.assignment,
        item=item,
        done=done,
    )


def test_an_item_is_ticked_once_for_the_panel_and_can_be_opened_again(scene: Scene) -> None:
    for number in (0, 1):
        tick(scene, "A1.2.discuss", number=number)
    made = agenda(scene.session, scene.assignment, find(DEFAULT))
    ticked = {todo.item.key: todo.ticked_by for todo in made.todos if todo.ticked_at}
    assert ticked == {"A1.2.discuss": scene.experts[0].name}
    assert made.done == 1
    tick(scene, "A1.2.discuss", done=False)
    tick(scene, "A1.2.discuss", done=False)
    assert scene.session.scalar(select(func.count()).select_from(AgendaTick)) == 0
    assert events(scene.session, "agenda") == 2
    with pytest.raises(NotFound):
        tick(scene, "A1.2.observe")


def test_the_agenda_begins_where_the_package_brings_nothing(scene: Scene) -> None:
    made = agenda(scene.session, scene.assignment, find(DEFAULT))
    points = [each.at_risk for each in made.first]
    assert made.first and points == sorted(points, reverse=True)
    assert all(not each.cited for each in made.first)  # nothing is cited in this package
    for todos in made.by_channel.values():
        risks = [todo.at_risk for todo in todos]
        assert risks == sorted(risks, reverse=True)


def test_the_package_is_the_same_after_all_of_it(scene: Scene, storage: Storage, tmp_path: Path) -> None:
    sealed = scene.session.scalars(select(Package.manifest)).one()
    photograph(scene, storage, stored(scene, storage, tmp_path), note(scene))
    assert scene.session.scalars(select(Package.manifest)).one() == sealed
