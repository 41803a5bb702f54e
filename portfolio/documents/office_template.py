"""An office's own Word template, filled in: only the documented placeholders, and nothing that could run.

The template language is Jinja2's, of which a few words are let through: a field, a part of a list's item, a loop
over a list, a condition. Everything else is refused before it is compiled, and what is compiled runs in Jinja2's
sandbox with no filter, no test, no function and no way to an attribute of Python's.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.exceptions import TemplateError
from jinja2.sandbox import SandboxedEnvironment

from portfolio.documents import word
from portfolio.documents.placeholders import Fields, Known
from portfolio.errors import DomainError

if TYPE_CHECKING:
    from docxtpl import DocxTemplate  # type: ignore[import-untyped]

LONGEST_NAMED = 60  # characters of what is shown of a wrong placeholder
_LOOP = ("first", "last", "index", "length")  # of the loop itself; docxtpl's own {% vm %} asks for the first
_PLAIN = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Const,
    nodes.If,
    nodes.Compare,
    nodes.Operand,
    nodes.Not,
    nodes.And,
    nodes.Or,
)


@dataclass
class Findings:
    """What a template uses, and what of that there isn't or mustn't be."""

    used: int = 0
    unknown: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)


def check(data: bytes, known: Known) -> None:
    """Refuse a template that asks for what there isn't.

    Raises DomainError (template_unreadable, template_syntax, template_unknown, template_construct, template_empty).
    """
    found = Findings()
    for part in _sources(_opened(data)):
        source = re.sub(
            r"<w:p([ >])", r"\n<w:p\1", part
        )  # a line a paragraph, so that a mistake has its place
        try:
            tree = SandboxedEnvironment().parse(source)
        except TemplateSyntaxError as error:
            raise DomainError("template_syntax", field="template", place=_place(source, error)) from error
        _walk(tree, known, {}, found)
    if found.refused:
        raise DomainError("template_construct", field="template", names=_named(found.refused))
    if found.unknown:
        raise DomainError("template_unknown", field="template", names=_named(found.unknown))
    if not found.used:
        raise DomainError("template_empty", field="template")


def filled(data: bytes, fields: Fields, known: Known, *, title: str, at: datetime) -> bytes:
    """The template with its placeholders filled in, as DOCX; dated `at`, so that the same fields are the same bytes.

    Raises DomainError as `check` does, and template_unreadable where Word's XML does not survive it.
    """
    template = _opened(data)
    try:
        template.render(_clean(fields), jinja_env=_Environment(known), autoescape=True)
    except (TemplateError, ValueError, AttributeError, TypeError, KeyError) as error:
        raise DomainError("template_unreadable", field="template") from error
    properties = template.docx.core_properties
    properties.title, properties.created, properties.modified = title, at.astimezone(UTC), at.astimezone(UTC)
    return word.finished(template.docx)


class _Environment(SandboxedEnvironment):
    """Compiles nothing that was not looked at first, whatever part of the document it comes from."""

    def __init__(self, known: Known) -> None:
        super().__init__(undefined=StrictUndefined, autoescape=True)
        self._known = known
        self.globals.clear()
        self.filters.clear()
        self.tests.clear()

    def from_string(self, source: Any, *arguments: Any, **named: Any) -> Template:
        """A template of a part of the document. Raises TemplateSyntaxError, DomainError."""
        found = Findings()
        _walk(self.parse(source), self._known, {}, found)
        if found.refused or found.unknown:
            names = _named(found.refused | found.unknown)
            raise DomainError("template_unknown", field="template", names=names)
        return super().from_string(source, *arguments, **named)


def _opened(data: bytes) -> DocxTemplate:
    from docxtpl import DocxTemplate  # here, for the sake of a worker that never fills one in

    try:
        template = DocxTemplate(io.BytesIO(data))
        template.render_init()
    except Exception as error:  # python-docx raises whatever it stumbles over in a damaged package
        raise DomainError("template_unreadable", field="template") from error
    return template


def _sources(template: DocxTemplate) -> Iterator[str]:
    """Every part that can hold placeholders, as Jinja2 will see it."""
    yield template.patch_xml(template.get_xml())
    for uri in (template.HEADER_URI, template.FOOTER_URI):
        for _key, part in template.get_headers_footers(uri):
            yield template.patch_xml(template.get_part_xml(part))
    for part in template.docx.part.package.parts:
        if part.content_type.endswith("wordprocessingml.footnotes+xml"):
            yield template.patch_xml(part.blob.decode())


def _walk(node: nodes.Node, known: Known, scope: Mapping[str, tuple[str, ...]], found: Findings) -> None:
    """Note what is used, unknown or refused; `scope` holds the names that loops give to items, with their parts."""
    match node:
        case nodes.Name(name=name):
            found.used += 1
            if name not in known.names and name not in known.lists and name not in scope:
                found.unknown.add(name)
        case nodes.Getattr(node=nodes.Name(name=name), attr=part):
            found.used += 1
            if name not in scope or part not in scope[name]:
                found.unknown.add(f"{name}.{part}")
        case nodes.For():
            _walk_loop(node, known, scope, found)
        case _ if isinstance(node, _PLAIN):
            for child in node.iter_child_nodes():
                _walk(child, known, scope, found)
        case _:
            found.refused.add(_spoken(node))


def _walk_loop(loop: nodes.For, known: Known, scope: Mapping[str, tuple[str, ...]], found: Findings) -> None:
    """A loop over one of the lists, not within another, without a condition of its own."""
    over, each = loop.iter, loop.target
    simple = isinstance(over, nodes.Name) and isinstance(each, nodes.Name)
    if not simple or loop.test is not None or loop.recursive or loop.else_ or scope:
        found.refused.add("for")
        return
    assert isinstance(over, nodes.Name)
    assert isinstance(each, nodes.Name)
    found.used += 1
    if over.name not in known.lists:
        found.unknown.add(over.name)
        return
    inside = {each.name: known.lists[over.name], "loop": _LOOP}
    for child in loop.body:
        _walk(child, known, inside, found)


def _spoken(node: nodes.Node) -> str:
    """What is called a construct that isn't let through, as its writer knows it."""
    match node:
        case nodes.Filter(name=name):
            return f"|{name}"
        case nodes.Test(name=name):
            return f"is {name}"
        case nodes.Call():
            return "( )"
        case nodes.Getitem():
            return "[ ]"
        case nodes.Getattr(attr=attr):
            return f".{attr}"
        case _:
            return type(node).__name__.lower()


def _place(source: str, error: TemplateSyntaxError) -> str:
    """The paragraph with what can't be read."""
    paragraphs = source.split("\n")
    return re.sub(r"<[^>]+>", "", paragraphs[min(error.lineno, len(paragraphs)) - 1])[:LONGEST_NAMED]


def _named(names: set[str]) -> str:
    return "、".join(name[:LONGEST_NAMED] for name in sorted(names))


def _clean(fields: Fields) -> dict[str, Any]:
    """Without what XML can't hold."""
    return {
        name: word.clean(value)
        if isinstance(value, str)
        else [{part: word.clean(words) for part, words in item.items()} for item in value]
        for name, value in fields.items()
    }
