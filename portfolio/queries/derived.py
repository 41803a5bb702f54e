"""What was made of files: for cards, for the viewer, for serving."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session, aliased

from portfolio.errors import NotFound
from portfolio.models import Derivation, DerivationState, PageImage, PageText, TextSource

THUMBNAIL, PAGE, PAGE_LARGE = "thumbnail", "page", "page_large"
SIZES = (THUMBNAIL, PAGE, PAGE_LARGE)
SHOWN_TEXT = 40_000  # characters of a page; the rest is in the file
_UNDER_WAY = (DerivationState.WAITING, DerivationState.RUNNING)
Thumbnail = aliased(PageImage, name="thumbnail")


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of a file so far, as a card tells it."""

    state: DerivationState = DerivationState.WAITING
    failure: str | None = None
    page_count: int | None = None
    taken_on: Date | None = None
    duration_ms: int | None = None
    text_source: TextSource | None = None
    notes: tuple[str, ...] = ()
    thumbnail: tuple[int, int] | None = None  # width and height

    @classmethod
    def of(cls, row: Derivation | None, thumbnail: PageImage | None = None) -> Made:
        """From the rows; without any, nobody has begun."""
        if row is None:
            return cls()
        return cls(
            state=row.state,
            failure=row.failure,
            page_count=row.page_count,
            taken_on=row.taken_on,
            duration_ms=row.duration_ms,
            text_source=row.text_source,
            notes=tuple(row.notes),
            thumbnail=(thumbnail.width, thumbnail.height) if thumbnail else None,
        )

    @property
    def under_way(self) -> bool:
        """Whether it is still to come."""
        return self.state in _UNDER_WAY

    @property
    def failed(self) -> bool:
        """Whether it will not come, unless somebody tries again."""
        return self.state is DerivationState.FAILED

    @property
    def unread(self) -> bool:
        """Whether the file is a scan or a picture whose words nobody could read here."""
        return self.text_source is TextSource.NONE and "ocr_absent" in self.notes


def with_made(statement: Any, school_id: Any, sha256: Any) -> Any:
    """The statement with two more columns for Made.of, for the bytes that these columns name."""
    return (
        statement.add_columns(Derivation, Thumbnail)
        .outerjoin(Derivation, and_(Derivation.school_id == school_id, Derivation.sha256 == sha256))
        .outerjoin(
            Thumbnail,
            and_(
                Thumbnail.school_id == Derivation.school_id,
                Thumbnail.sha256 == Derivation.sha256,
                Thumbnail.page == 1,
                Thumbnail.size == THUMBNAIL,
            ),
        )
    )


@dataclass(frozen=True, slots=True)
class DrawnPage:
    """The images of one page: (size, width, height), narrowest first."""

    number: int
    images: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Viewing:
    """A file opened at a page: its images, and this page's text (None where there is none)."""

    made: Made
    pages: dict[int, DrawnPage]
    count: int
    page: int
    text: str | None
    text_cut: bool

    @property
    def drawn(self) -> DrawnPage | None:
        """The images of the page it is opened at."""
        return self.pages.get(self.page)


def viewing(session: Session, *, school_id: int, sha256: str, page: int) -> Viewing:
    """The file opened at this page, or the one nearest to it, in two statements."""
    last_text = (
        select(func.max(PageText.page))
        .where(PageText.school_id == school_id, PageText.sha256 == sha256)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Derivation, PageImage, last_text)
        .outerjoin(
            PageImage,
            and_(
                PageImage.school_id == Derivation.school_id,
                PageImage.sha256 == Derivation.sha256,
                PageImage.size != THUMBNAIL,
            ),
        )
        .where(Derivation.school_id == school_id, Derivation.sha256 == sha256)
        .order_by(PageImage.page, PageImage.width)
    ).all()
    if not rows:
        return Viewing(Made(), {}, 0, max(page, 1), None, False)
    row, _, text_pages = rows[0]
    pages = _drawn([image for _, image, _ in rows if image is not None])
    count = max(row.page_count or 0, text_pages or 0, *pages, 0)
    shown = min(max(page, 1), count) if count else max(page, 1)
    text, cut = (
        page_text(session, school_id=school_id, sha256=sha256, page=shown) if text_pages else (None, False)
    )
    return Viewing(Made.of(row), pages, count, shown, text, cut)


def _drawn(images: list[PageImage]) -> dict[int, DrawnPage]:
    pages: dict[int, list[tuple[str, int, int]]] = {}
    for image in images:
        pages.setdefault(image.page, []).append((image.size, image.width, image.height))
    return {number: DrawnPage(number, tuple(sizes)) for number, sizes in pages.items()}


def page_text(session: Session, *, school_id: int, sha256: str, page: int) -> tuple[str | None, bool]:
    """The beginning of a page's text, None where there is none; and whether it goes on."""
    found = session.execute(
        select(func.substr(PageText.text, 1, SHOWN_TEXT), func.length(PageText.text) > SHOWN_TEXT).where(
            PageText.school_id == school_id, PageText.sha256 == sha256, PageText.page == page
        )
    ).one_or_none()
    return (found[0] or None, bool(found[1])) if found else (None, False)


def page_image(session: Session, *, school_id: int, sha256: str, page: int, size: str) -> PageImage:
    """The image of a page in one of SIZES. Raises NotFound where it wasn't made."""
    found = session.get(PageImage, (school_id, sha256, page, size)) if size in SIZES else None
    if found is None:
        raise NotFound()
    return found
