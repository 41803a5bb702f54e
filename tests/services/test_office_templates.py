"""Templates of the office's own: looked through before they are taken in, one of a kind in use, all on record."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta

import docx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.documents.starter import starter
from portfolio.errors import DomainError
from portfolio.models import AuditEvent, DocumentTemplate, TemplateKind
from portfolio.queries import office_templates as queries
from portfolio.services import office_templates as services
from tests.factories import NOW, bureau_actor

KIND = TemplateKind.NOTICE


def take_in(session: Session, data: bytes, filename: str = "结果通知书.docx") -> DocumentTemplate:
    actor = bureau_actor(session)
    return services.upload(session, actor=actor, now=NOW, kind=KIND, filename=filename, data=data)


def with_part(data: bytes, name: str, content: bytes, *, instead: bool = False) -> bytes:
    """The package with one more part, or with another content of one."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
        for each in old.namelist():
            if not (instead and each == name):
                new.writestr(each, old.read(each))
        new.writestr(name, content)
    return made.getvalue()


def with_link(data: bytes, kind: str, target: str) -> bytes:
    """The package with a relationship of its document to something outside."""
    name = "word/_rels/document.xml.rels"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        links = archive.read(name)
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    link = f'<Relationship Id="rX" Type="{office}/{kind}" Target="{target}" TargetMode="External"/>'
    return with_part(
        data, name, links.replace(b"</Relationships>", link.encode() + b"</Relationships>"), instead=True
    )


def code_of(session: Session, data: bytes, filename: str = "结果通知书.docx") -> str:
    with pytest.raises(DomainError) as refused:
        take_in(session, data, filename)
    assert refused.value.field == "template"
    return refused.value.code


def test_a_template_is_on_record_and_used_for_nothing_yet(session: Session) -> None:
    template = take_in(session, starter(KIND))
    assert not template.in_use
    assert queries.in_use(session, KIND) is None
    [row] = queries.templates(session)[KIND]
    assert row.template is template
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "template:uploaded")).one()
    assert event.after is not None
    assert event.after["sha256"] == template.sha256


def test_the_same_file_again_is_the_same_template(session: Session) -> None:
    assert take_in(session, starter(KIND)) is take_in(session, starter(KIND), "又一份.docx")


def another(text: str) -> bytes:
    document = docx.Document()
    document.add_paragraph(text)
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


def test_one_of_a_kind_is_in_use_and_the_built_in_one_comes_back(session: Session) -> None:
    first, second = take_in(session, starter(KIND)), take_in(session, another("{{ 学校 }}：{{ 终评总分 }}"))
    actor = bureau_actor(session)
    services.take_up(session, actor=actor, now=NOW, template=first)
    services.take_up(session, actor=actor, now=NOW + timedelta(hours=1), template=second)
    session.refresh(first)
    assert (first.in_use, second.in_use) == (False, True)
    assert queries.in_use(session, KIND) == second.content
    assert queries.in_use(session, TemplateKind.REPORT) is None
    services.put_away(session, actor=actor, now=NOW + timedelta(hours=2), kind=KIND)
    assert queries.in_use(session, KIND) is None
    services.take_up(session, actor=actor, now=NOW + timedelta(hours=3), template=first)
    assert queries.in_use(session, KIND) == first.content
    actions = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert [each for each in actions if each.startswith("template:")].count("template:put_away") == 2


@pytest.mark.parametrize(
    ("data", "filename", "code"),
    [
        (b"", "通知.docx", "template_missing"),
        (b"PK\x03\x04" + bytes(services.MOST_BYTES), "通知.docx", "template_too_large"),
        (b"%PDF-1.7 no word file", "通知.docx", "template_not_word"),
        (b"just text", "通知.docx", "template_not_word"),
    ],
)
def test_what_is_no_word_file_of_moderate_size_is_refused(
    session: Session, data: bytes, filename: str, code: str
) -> None:
    assert code_of(session, data, filename) == code


@pytest.mark.parametrize(
    "name",
    [
        "word/vbaProject.bin",
        "word/embeddings/oleObject1.bin",
        "word/activeX/activeX1.xml",
        "word/afchunk1.docx",
    ],
)
def test_a_file_with_something_that_runs_is_refused(session: Session, name: str) -> None:
    assert code_of(session, with_part(starter(KIND), name, b"x")) == "template_active"


@pytest.mark.parametrize("kind", ["attachedTemplate", "image", "oleObject", "frame"])
def test_a_file_that_fetches_something_when_it_is_opened_is_refused(session: Session, kind: str) -> None:
    assert (
        code_of(session, with_link(starter(KIND), kind, "https://elsewhere.example/x")) == "template_active"
    )


def test_a_link_that_people_click_is_let_through(session: Session) -> None:
    assert take_in(session, with_link(starter(KIND), "hyperlink", "https://school.example/")).id


def test_a_declaration_that_reads_other_files_is_refused(session: Session) -> None:
    evil = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
    assert code_of(session, with_part(starter(KIND), "word/extra.xml", evil)) == "template_unreadable"


@pytest.mark.parametrize("broken", [b"", b"<Relationships", b"<Relationships><a></Relationships>"])
@pytest.mark.parametrize(
    "name", ["_rels/.rels", "word/_rels/document.xml.rels", "word/_rels/footer1.xml.rels"]
)
def test_relationships_that_cannot_be_read_are_refused(session: Session, name: str, broken: bytes) -> None:
    damaged = with_part(starter(KIND), name, broken, instead=True)
    assert code_of(session, damaged) == "template_unreadable"


def test_bytes_that_changed_on_the_way_are_refused(session: Session) -> None:
    name = "word/_rels/document.xml.rels"
    kept = with_part(starter(KIND), name, b"<Relationships>unharmed</Relationships>", instead=True)
    assert code_of(session, kept.replace(b"unharmed", b"?!?!?!?!")) == "template_unreadable"


def test_a_remark_among_the_relationships_is_let_through(session: Session) -> None:
    name = "word/_rels/document.xml.rels"
    with zipfile.ZipFile(io.BytesIO(starter(KIND))) as archive:
        remarked = archive.read(name).replace(b"</Relationships>", b"<!-- by hand --></Relationships>")
    assert take_in(session, with_part(starter(KIND), name, remarked, instead=True)).id


def test_a_package_that_swells_is_refused(session: Session) -> None:
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(starter(KIND))) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for each in old.namelist():
            new.writestr(each, old.read(each))
        new.writestr("word/media/image.bin", bytes(40 * 1024 * 1024))
    assert code_of(session, made.getvalue()) == "template_unreadable"


def test_what_is_refused_leaves_nothing_behind(session: Session) -> None:
    code_of(session, another("{{ 校名 }}"))
    assert session.scalars(select(DocumentTemplate)).all() == []
