"""What templates can say: filters for points, moments and sizes, and the words of the domain."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from babel.dates import format_skeleton
from flask import Flask, url_for
from flask_babel import format_date, format_time, gettext, to_user_timezone
from flask_login import current_user
from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket
from markupsafe import Markup

from portfolio import navigation, web, wording
from portfolio.days import last_day
from portfolio.documents.prose import html_of
from portfolio.policy import Permission, Place, allows
from rubric.gaps import ElementStatus, Gap, Rule
from rubric.model import Rubric
from rubric.scoring import format_score


class _Compiled(FileSystemBytecodeCache):
    """Compiled templates outlive the server: each of its workers would compile them anew, and keep the room it took."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        super().__init__(str(folder), f"%s.jinja-{version('jinja2')}")

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Called by Jinja2, which needs no answer: with a full disk there are pages still."""
        with suppress(OSError):
            super().dump_bytecode(bucket)


def init(app: Flask, *, compiled: Path) -> None:
    """Register filters and globals; compiled templates are kept in that folder."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.bytecode_cache = _Compiled(compiled)
    app.jinja_env.filters.update(
        score=score,
        points=points,
        day=day,
        moment=moment,
        clock=clock,
        size=size,
        prose=prose,
        percent=percent,
        figure=figure,
        school_year=school_year,
        recent=recent,
        glyph=glyph,
        pages=pages,
        last_day=last_day,
        done_codes=done_codes,
        host=host,
    )
    app.jinja_env.globals.update(
        asset=web.asset,
        wording=wording,
        Permission=Permission,
        may=web.may,
        Place=Place,
        allows=allows,
        strings_for_scripts=strings_for_scripts,
        fix_of=fix_of,
    )
    app.context_processor(_context)


def _context() -> dict[str, object]:
    known = current_user.is_authenticated
    return {
        "locale": web.locale(),
        "theme": (current_user.theme if known else None) or "light",
        "menu": navigation.menu(web.actor()) if known else [],
        "ground": navigation.ground(),
        "now": web.now(),
    }


def score(value: Decimal | None, none: str = "–") -> str:
    """Points as people write them."""
    return none if value is None else format_score(value)


def points(value: Decimal) -> str:
    """What an element or the whole rubric is worth, as the published table writes it: 2, not 2.0."""
    return str(int(value)) if value == int(value) else format_score(value)


def figure(value: Decimal) -> str:
    """A number a school counted: 12,000 or 10.5."""
    return f"{value.normalize():,f}"


def percent(part: Decimal, whole: Decimal) -> str:
    """A share for an SVG's width, to a tenth of a percent."""
    return f"{part * 100 / whole:.1f}%" if whole else "0%"


def day(value: datetime | None) -> str:
    """A date."""
    return format_date(value, "medium") if value else ""


def moment(value: datetime | None) -> str:
    """A date with its time to the minute, in the reader's zone."""
    return f"{format_date(value, 'medium')} {clock(value)}" if value else ""


def clock(value: datetime | None) -> str:
    """Hours and minutes."""
    return format_time(value, "HH:mm") if value else ""


def recent(value: datetime | None) -> str:
    """Hours and minutes today, the day before."""
    if value is None:
        return ""
    same_day = to_user_timezone(value).date() == to_user_timezone(web.now()).date()
    return clock(value) if same_day else format_skeleton("MMMd", to_user_timezone(value), locale=web.locale())


GLYPHS = {"image": "picture", "audio": "sound", "video": "film", "text": "document"}
_SHEETS = ("sheet", "excel", "csv", "x-et")


def glyph(media_type: str) -> str:
    """The icon for a type of file."""
    if any(word in media_type for word in _SHEETS):
        return "sheet"
    if media_type == "application/zip":
        return "archive"
    return GLYPHS.get(media_type.partition("/")[0], "document")


# Where on an element's page a gap of each rule is closed; of all others, among the citations.
_PLACES = {
    Rule.UNSCORED: "h-score",
    Rule.NO_JUSTIFICATION: "justification",
    Rule.THIN_JUSTIFICATION: "justification",
}


def fix_of(gap: Gap, dossier_id: int, rubric: Rubric) -> str:
    """The address where a gap is closed."""
    if gap.element is None and not _reads_evidence():
        return url_for("package.submission", dossier_id=dossier_id)
    if gap.element is None or (gap.rule is Rule.DATED_AHEAD and _reads_evidence()):
        evidence_id = gap.context["evidence_ids"][0] if gap.element else gap.context["evidence_id"]
        return url_for("evidence.show", evidence_id=evidence_id)
    if gap.rule is Rule.UNMET_MEASURE:
        measures = {measure.code: measure for measure in rubric.element(gap.element).measures}
        figure = next(iter(measures[gap.part].formula.names))
        return url_for("figures.sheet", dossier_id=dossier_id, _anchor=f"f-{figure}-{gap.context['year']}")
    of_a_material = gap.rule in (Rule.MISSING_MATERIAL, Rule.MISSING_YEAR)
    anchor = f"m-{gap.part}" if of_a_material else _PLACES.get(gap.rule, "h-cite")
    return url_for("dossier.element", dossier_id=dossier_id, code=gap.element, _anchor=anchor)


def _reads_evidence() -> bool:
    standing = navigation.ground()
    return standing is not None and web.may(Permission.EVIDENCE_READ, Place(school_id=standing.school.id))


class _Paged(Protocol):
    @property
    def page_from(self) -> int | None: ...

    @property
    def page_to(self) -> int | None: ...


def pages(citation: _Paged) -> str:
    """Where in a file: "p. 3" or "p. 3–5"."""
    if citation.page_from is None:
        return ""
    if citation.page_to is None or citation.page_to == citation.page_from:
        return gettext("p. %(page)s", page=citation.page_from)
    return gettext("pp. %(first)s–%(last)s", first=citation.page_from, last=citation.page_to)


def done_codes(statuses: Mapping[str, ElementStatus]) -> set[str]:
    """The elements with nothing left to do."""
    return {code for code, status in statuses.items() if status is ElementStatus.OK}


def size(value: int) -> str:
    """Bytes in a unit people read."""
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 10 else f"{value:.1f} {unit}"
        value /= 1000  # type: ignore[assignment]
    return f"{value:.1f} GB"


def host(address: str) -> str:
    """Whose address it is: https://tsa.example.cn/tsr → tsa.example.cn."""
    return urlsplit(address).netloc


def school_year(year: int) -> str:
    """2024 → 2024–2025."""
    return f"{year}–{year + 1}"


def prose(text: str) -> Markup:
    """A person's Markdown as harmless HTML."""
    return Markup(html_of(text))


def days_until(deadline: datetime, now: datetime) -> int:
    """Whole days left by the reader's calendar; negative once it has passed."""
    local = to_user_timezone(deadline.astimezone(UTC)).date()
    return int((local - to_user_timezone(now.astimezone(UTC)).date()).days)


def strings_for_scripts(strings: dict[str, str]) -> str:
    """Words a script will show, for a data attribute."""
    return json.dumps({key: str(text) for key, text in strings.items()}, ensure_ascii=False)
