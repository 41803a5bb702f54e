"""The bureau's lists of panels on their way, of results to publish, and of certificates."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portfolio import web, wording
from portfolio.blueprints.bureau import awards, progress
from portfolio.blueprints.bureau.root import cycle_asked
from portfolio.blueprints.lists.root import Column, Listing, of, titled
from portfolio.models import Cycle
from portfolio.queries import awards as award_queries
from portfolio.queries import progress as progress_queries
from portfolio.queries import results as result_queries
from portfolio.queries.awards import Awarded
from portfolio.queries.progress import Load, PackageWay
from portfolio.queries.results import Result

WAYS: list[Column[PackageWay]] = [
    Column(_l("School"), lambda row: row.school),
    Column(_l("District"), lambda row: row.district),
    Column(_l("Package"), lambda row: row.package_number),
    Column(_l("Round"), lambda row: row.round),
    Column(_l("Panel"), lambda row: row.panel),
    Column(_l("Standing"), lambda row: str(wording.PHASES[row.phase])),
    Column(_l("Reviews in"), lambda row: row.received),
    Column(_l("Reviews"), lambda row: row.asked),
    Column(_l("Elements scored"), lambda row: row.scored),
    Column(_l("Elements to score"), lambda row: row.to_score),
    Column(_l("Settled"), lambda row: row.settled),
    Column(_l("Elements"), lambda row: row.elements),
    Column(_l("Deadline"), lambda row: row.review_by),
    Column(_l("Days left"), lambda row: None if row.done else row.days_left(web.now())),
    Column(_l("Supplement due"), lambda row: row.answer_due if row.school_answers(web.now()) else None),
    Column(_l("Waits for"), lambda row: _(", ").join(person.name for person in row.waits_for(web.now()))),
]
LOADS: list[Column[Load]] = [
    Column(_l("Expert"), lambda row: row.expert.name),
    Column(_l("Packages"), lambda row: row.packages),
    Column(_l("Reviews out"), lambda row: row.out),
    Column(_l("Late"), lambda row: row.late),
    Column(_l("Elements open"), lambda row: row.open_elements),
    Column(_l("Last active"), lambda row: row.last_active),
]


@of("bureau.progress", "/bureau/progress", _l("Packages with panels"), keeps=("round",))
def ways() -> Listing[PackageWay]:
    """How far every panel is."""
    held, found = _progress()
    rows = found.listed(progress.show_asked()) if found else []
    return Listing(titled(held, _("Progress")), WAYS, rows)


@of("bureau.progress", "/bureau/progress/loads", _l("Experts' loads"))
def loads() -> Listing[Load]:
    """What each expert carries."""
    held, found = _progress()
    return Listing(titled(held, _("Experts' loads")), LOADS, found.loads if found else ())


def _progress() -> tuple[Cycle | None, progress_queries.Progress | None]:
    _cycles, held = cycle_asked()
    if held is None:
        return None, None
    return held, progress_queries.progress(web.db(), cycle_id=held.id, now=web.now())


RESULTS: list[Column[Result]] = [
    Column(_l("School"), lambda row: row.school),
    Column(_l("District"), lambda row: row.district),
    Column(_l("Round"), lambda row: row.round),
    Column(_l("Panel"), lambda row: row.panel),
    Column(_l("Closed on"), lambda row: row.closed_at),
    Column(_l("Claimed"), lambda row: row.claimed),
    Column(_l("Final score"), lambda row: row.final),
    Column(_l("Points"), lambda row: row.points),
    Column(_l("Below the self-score"), lambda row: row.below),
    Column(_l("Not assessed"), lambda row: row.not_assessed),
    Column(_l("Band"), lambda row: row.band),
]


@of("bureau.publication", "/bureau/publication", _l("Closed reviews"))
def closed_reviews() -> Listing[Result]:
    """Closed reviews whose results aren't published."""
    _cycles, held = cycle_asked()
    rows = result_queries.to_publish(web.db(), web.actor(), held) if held else []
    return Listing(titled(held, _("Closed reviews")), RESULTS, rows)


CERTIFICATES: list[Column[Awarded]] = [
    Column(_l("School"), lambda row: row.school),
    Column(_l("District"), lambda row: row.district),
    Column(_l("Certificate number"), lambda row: row.certificate.number),
    Column(_l("Cycle"), lambda row: row.cycle),
    Column(_l("Awarded"), lambda row: row.certificate.awarded_on),
    Column(_l("To be renewed by"), lambda row: row.certificate.renew_by),
    Column(_l("Validity"), lambda row: str(wording.VALIDITIES[row.validity])),
    Column(_l("Revoked on"), lambda row: row.certificate.revoked_at),
    Column(_l("Reason"), lambda row: row.certificate.reason),
]


@of("bureau.certificates", "/bureau/certificates", _l("Certificates"))
def certificates() -> Listing[Awarded]:
    """The certificates that are looked at."""
    found = award_queries.register(web.db(), awards.show_asked(), now=web.now())
    return Listing(_("Certificates"), CERTIFICATES, found.rows)
