"""Is everything that was promised still there? Files by their bytes, packages by their manifests, rubrics by digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import String, cast, exists, literal, or_, select, union_all
from sqlalchemy.orm import Session, undefer

from portfolio.documents.archive.stamp import MATTERS, StampInvalid, check_signature, read
from portfolio.editions import rubric_of
from portfolio.models import (
    Blob,
    Derivation,
    Determination,
    EvidenceVersion,
    FindingPhoto,
    Package,
    PackageFile,
    PackageTimestamp,
    PageImage,
    RubricEdition,
    Ruling,
    School,
    SupplementElement,
    SupplementRequest,
)
from portfolio.queries.frozen import contents_of
from portfolio.queries.sealed import matters_with
from portfolio.services import search_index, summaries
from portfolio.storage import BlobMissing, Storage
from rubric.model import from_described

PIECE = 1024 * 1024  # bytes read at once


class Problem(NamedTuple):
    """Something that is not whole, and what is the matter with it."""

    thing: str
    matter: str

    def __str__(self) -> str:
        return f"{self.thing}: {self.matter}"


@dataclass
class Inspection:
    """Looks at everything in a store once; `quick` takes a file's size for its digest.

    `authorities` is a file of certificates (PEM) that the signatures of time stamps must lead to.
    """

    session: Session
    storage: Storage
    quick: bool = False
    authorities: Path | None = None
    files: int = 0
    derivatives: int = 0
    packages: int = 0

    @property
    def extent(self) -> str:
        """How much was looked at."""
        how = "sizes compared" if self.quick else "every byte read"
        return f"{self.files} files ({how}), {self.derivatives} derivatives, {self.packages} packages"

    def problems(self) -> Iterator[Problem]:
        """Everything that is wrong, as it is found."""
        yield from self._rubrics()
        yield from self._files()
        yield from self._derivatives()
        yield from self._packages()
        yield from self._finals()
        yield from self._sums()
        if not self.quick:
            yield from self._index()

    def _rubrics(self) -> Iterator[Problem]:
        for edition in self.session.scalars(select(RubricEdition).order_by(RubricEdition.created_at)):
            if _digest_of_rubric(edition.body) != edition.digest:
                yield Problem(f"rubric {edition.name} {edition.digest}", "its stored text has another digest")

    def _files(self) -> Iterator[Problem]:
        for blob in self.session.execute(_referred_to()).all():
            self.files += 1
            matter = self._matter_with(blob.school_id, blob.sha256, blob.size, blob.storage)
            if matter is not None:
                yield from (Problem(thing, matter) for thing in self._holders(blob.school_id, blob.sha256))

    def _sums(self) -> Iterator[Problem]:
        for each in summaries.differences(self.session):
            yield Problem(
                f"sums of {each.thing} {each.id}, {each.code}",
                f"stored {each.stored}, recomputed {each.recomputed}",
            )

    def _derivatives(self) -> Iterator[Problem]:
        """Copies and page images that rows refer to; all but what a package names can be made again."""
        for row in self.session.execute(_derived()).all():
            self.derivatives += 1
            matter = self._matter_with_derived(row.school_id, row.sha256)
            if matter is not None:
                yield Problem(f"school {row.school_id}, {row.thing} of {row.original}", matter)

    def _matter_with_derived(self, school_id: int, sha256: str) -> str | None:
        size = self.storage.size(school_id, sha256)
        return self._matter_with(school_id, sha256, size or 0, self.storage.name)

    def _matter_with(self, school_id: int, sha256: str, size: int, kept_in: str) -> str | None:
        stored = self.storage.size(school_id, sha256)
        if stored is None:
            elsewhere = f" (they were stored in {kept_in}, this is {self.storage.name})"
            return f"bytes {sha256} are missing" + (elsewhere if kept_in != self.storage.name else "")
        if stored != size:
            return f"bytes {sha256} are damaged: {stored} bytes instead of {size}"
        if not self.quick and (found := self._digest_of_bytes(school_id, sha256)) != sha256:
            return f"bytes {sha256} are damaged: their digest is {found}"
        return None

    def _digest_of_bytes(self, school_id: int, sha256: str) -> str:
        digest = hashlib.sha256()
        try:
            with self.storage.open(school_id, sha256) as file:
                while piece := file.read(PIECE):
                    digest.update(piece)
        except BlobMissing:
            return "gone while being read"
        return digest.hexdigest()

    def _holders(self, school_id: int, sha256: str) -> Iterator[str]:
        """The rows that rest on these bytes, by name."""
        held = (EvidenceVersion.school_id == school_id, EvidenceVersion.sha256 == sha256)
        for version in self.session.scalars(
            select(EvidenceVersion).where(*held).order_by(EvidenceVersion.id)
        ):
            yield f"school {school_id}, evidence {version.evidence_id} version {version.number} ({version.filename})"
        sealed = (PackageFile.school_id == school_id, PackageFile.sha256 == sha256)
        for file in self.session.scalars(select(PackageFile).where(*sealed).order_by(PackageFile.package_id)):
            yield f"package {file.package_id}, evidence {file.evidence_id} version {file.number} ({file.filename})"

        shown = (FindingPhoto.school_id == school_id, FindingPhoto.sha256 == sha256)
        for photo in self.session.scalars(select(FindingPhoto).where(*shown).order_by(FindingPhoto.id)):
            yield f"school {school_id}, photograph of finding {photo.finding_id} ({photo.filename})"

    def _packages(self) -> Iterator[Problem]:
        for package_id in self.session.scalars(
            select(Package.id).order_by(Package.signed_at, Package.id)
        ).all():
            self.packages += 1
            package = self.session.get_one(Package, package_id, options=[undefer(Package.manifest)])
            for matter in (
                *matters_with(self.session, package),
                *_matters_with_supplement(self.session, package),
                *_matters_with_stamp(self.session, package, self.authorities),
            ):
                yield Problem(
                    f"package {package_id} (number {package.number} of dossier {package.dossier_id})", matter
                )
            self.session.expunge_all()  # one package in memory at a time

    def _finals(self) -> Iterator[Problem]:
        """Final scores that are not what their ruling says: rulings are sealed, what stands is not."""
        ruled = exists().where(
            Ruling.assignment_id == Determination.assignment_id,
            Ruling.element == Determination.element,
            Ruling.number == Determination.version,
            Ruling.undone_at.is_(None),
            Ruling.score.is_not_distinct_from(Determination.score),
            Ruling.rule == Determination.rule,
            Ruling.reason == Determination.reason,
        )
        strays = (
            select(Determination).where(~ruled).order_by(Determination.assignment_id, Determination.element)
        )
        for row in self.session.scalars(strays):
            yield Problem(
                f"final score of {row.element}, assignment {row.assignment_id}",
                "no ruling of the chair says so",
            )

    def _index(self) -> Iterator[Problem]:
        """Text and words that the search index doesn't hold as they are; it can be made anew."""
        advice = "isn't in the search index as it is; run: portfolio reindex"
        for school_id in self.session.scalars(select(School.id).order_by(School.id)).all():
            for sha256 in search_index.read_files(self.session, school_id=school_id):
                if not search_index.is_file_indexed(self.session, school_id=school_id, sha256=sha256):
                    yield Problem(f"school {school_id}, text of {sha256}", advice)
            for evidence_id in search_index.unindexed_words(self.session, school_id=school_id):
                yield Problem(f"school {school_id}, description of evidence {evidence_id}", advice)


def _referred_to() -> Any:
    """The bytes that a file version, a package or a finding rests on."""
    version = exists().where(
        EvidenceVersion.school_id == Blob.school_id, EvidenceVersion.sha256 == Blob.sha256
    )
    sealed = exists().where(PackageFile.school_id == Blob.school_id, PackageFile.sha256 == Blob.sha256)
    shown = exists().where(FindingPhoto.school_id == Blob.school_id, FindingPhoto.sha256 == Blob.sha256)
    return (
        select(Blob.school_id, Blob.sha256, Blob.size, Blob.storage)
        .where(or_(version, sealed, shown))
        .order_by(Blob.school_id, Blob.sha256)
    )


def _derived() -> Any:
    """Everything made of files that a row refers to: whose, its digest, what it is, and what of."""
    image = literal("page ").concat(cast(PageImage.page, String)).concat(" ").concat(PageImage.size)
    copy = literal("public copy")
    return union_all(
        select(
            PageImage.school_id,
            PageImage.image_sha256.label("sha256"),
            image.label("thing"),
            PageImage.sha256.label("original"),
        ),
        select(Derivation.school_id, Derivation.public_sha256, copy, Derivation.sha256).where(
            Derivation.public_sha256.is_not(None)
        ),
        select(
            PackageFile.school_id,
            PackageFile.public_sha256,
            literal("public copy in a package"),
            PackageFile.sha256,
        )
        .where(PackageFile.public_sha256.is_not(None))
        .distinct(),
    )


def _digest_of_rubric(body: str) -> str | None:
    try:
        return from_described(json.loads(body)).digest
    except (ValueError, KeyError, TypeError):
        return None


def _matters_with_stamp(session: Session, package: Package, authorities: Path | None) -> Iterator[str]:
    """What is wrong with the time stamp, where an authority gave one: whose it is, and what it says (RFC 3161).

    Who signed it is looked at where the authorities' certificates are at hand.
    """
    row = session.execute(
        select(PackageTimestamp.response, PackageTimestamp.stamped_at).where(
            PackageTimestamp.package_id == package.id, PackageTimestamp.response.is_not(None)
        )
    ).one_or_none()
    if row is None:
        return
    try:
        stamp = read(row.response, package.digest)
        if authorities is not None:
            check_signature(row.response, package.digest, authorities)
    except StampInvalid as error:
        yield f"its time stamp {MATTERS[error.code]}"
        return
    if stamp.at != row.stamped_at:
        yield f"its time stamp says {stamp.at.isoformat()}, its row {row.stamped_at.isoformat()}"


def _matters_with_supplement(session: Session, package: Package) -> Iterator[str]:
    """A package that answers a panel differs from the one before in nothing but what the panel asked about."""
    request = session.scalar(select(SupplementRequest).where(SupplementRequest.answer_id == package.id))
    if request is None:
        return
    rubric = rubric_of(session, package.rubric_digest)
    base = session.get_one(Package, request.package_id)
    before, after = (contents_of(session, each.id, rubric) for each in (base, package))
    asked = set(
        session.scalars(select(SupplementElement.element).where(SupplementElement.request_id == request.id))
    )
    if others := after.changed_since(before) - asked:
        yield f"it differs from package {base.number} where nobody asked: {', '.join(sorted(others))}"
