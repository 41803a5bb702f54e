"""How a list is taken along: its page's guard, its page's filters, a table of typed columns, as CSV or XLSX."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import IO, Any, Generic, TypeVar
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, request, stream_with_context, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import LazyString
from sqlalchemy.orm import Session

from portfolio import web
from portfolio.documents.table import Table, Value, csv_parts, write_xlsx
from portfolio.filenames import content_disposition
from portfolio.models import Cycle

blueprint = Blueprint("lists", __name__)
Row = TypeVar("Row")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PART = 256 * 1024  # bytes sent at a time
KINDS = {"csv": "CSV", "xlsx": "Excel"}
# What tells where on the page somebody is, and not which rows are listed.
NOT_FILTERS = frozenset({"page", "older_than", "view", "for", "element", "part"})


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """A heading, and what stands under it for a row."""

    heading: str | LazyString
    value: Callable[[Row], Value]


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """What a page lists, in its order: how the file is called, its columns and its rows."""

    title: str
    columns: Sequence[Column[Row]]
    rows: Iterable[Row]

    def table(self) -> Table:
        """As a table to be written; its rows are read once."""
        headings = [str(column.heading) for column in self.columns]
        return Table(
            self.title, headings, ([column.value(row) for column in self.columns] for row in self.rows)
        )


@dataclass(frozen=True, slots=True)
class Declared:
    """A list of a page: the endpoint it is taken from, and its name."""

    endpoint: str
    label: LazyString
    filters: tuple[str, ...]


# The lists of each page, by the page's endpoint.
REGISTER: dict[str, list[Declared]] = defaultdict(list)

Make = Callable[..., Listing[Any]]


def of(page: str, rule: str, label: LazyString, *, keeps: tuple[str, ...] = ()) -> Callable[[Make], Make]:
    """Declares a list of a page, under `rule` and the kind of file. Who may see the page may take the list.

    `keeps` names parameters of the page's address that choose the rows though elsewhere they don't.
    """

    def decorate(make: Make) -> Make:
        @wraps(make)
        def taken(**arguments: Any) -> Any:
            kind = arguments.pop("kind")
            shown = _view(current_app.view_functions[page])
            answer = web.guard(shown.permission, shown.locate)(make)(**arguments)
            return _file(answer, kind) if isinstance(answer, Listing) else answer

        def declare(state: BlueprintSetupState) -> None:
            taken.permission = _view(state.app.view_functions[page]).permission  # type: ignore[attr-defined]

        blueprint.record(declare)
        blueprint.add_url_rule(f"{rule}.<any(csv, xlsx):kind>", make.__name__, taken)
        REGISTER[page].append(Declared(f"lists.{make.__name__}", label, keeps))
        return make

    return decorate


def titled(cycle: Cycle | None, words: str) -> str:
    """How a file of a cycle's list is called; without a cycle, there is none yet."""
    return f"{cycle.name} {words}" if cycle else words


def _view(function: Any) -> Any:
    """A view as `web.guard` made it: with what it needs, and how it finds what its address names."""
    return function


def _file(listing: Listing[Any], kind: str) -> Response:
    table = listing.table()
    answer = _xlsx(table) if kind == "xlsx" else _csv(table)
    answer.headers["Content-Disposition"] = content_disposition(f"{table.title}.{kind}", False)
    return answer


def _csv(table: Table) -> Response:
    reading = web.take_db()
    parts = stream_with_context(_read_out(csv_parts(table), reading))
    answer = Response(parts, content_type="text/csv; charset=utf-8")
    answer.call_on_close(reading.close)
    return answer


def _read_out(parts: Iterator[bytes], reading: Session) -> Iterator[bytes]:
    """The parts, read while they are sent; the session is closed after the last."""
    try:
        yield from parts
    finally:
        reading.close()


def _xlsx(table: Table) -> Response:
    written = tempfile.TemporaryFile()  # noqa: SIM115 - closed once it is sent
    write_xlsx(table, written)
    answer = Response(_parts(written), content_type=XLSX)
    answer.content_length = written.tell()
    answer.call_on_close(written.close)
    return answer


def _parts(written: IO[bytes]) -> Iterator[bytes]:
    """A file from its beginning, closed at its end."""
    written.seek(0)
    with written:
        while part := written.read(PART):
            yield part


@dataclass(frozen=True, slots=True)
class Offered:
    """A list as its page offers it: its name, and the address of each kind of file."""

    label: str
    files: tuple[tuple[str, str], ...]


@blueprint.app_template_global("lists_here")
def offered() -> list[Offered]:
    """The lists of the page that answers now, with the filters it was asked with."""
    return [
        Offered(str(each.label), tuple((words, _address(each, kind)) for kind, words in KINDS.items()))
        for each in REGISTER.get(request.endpoint or "", ())
    ]


def _address(declared: Declared, kind: str) -> str:
    left_out = NOT_FILTERS.difference(declared.filters)
    filters = [(name, value) for name, value in request.args.items(multi=True) if name not in left_out]
    address = url_for(declared.endpoint, kind=kind, **(request.view_args or {}))
    return f"{address}?{urlencode(filters)}" if filters else address
