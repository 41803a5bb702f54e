"""The store: typed mappings and the rules a schema can hold. No workflow."""

from portfolio.models.carry import CarryOver, Rectification, TouchedElement
from portfolio.models.cycle import Cycle, Round, RubricEdition
from portfolio.models.dossier import (
    Citation,
    Dossier,
    DossierState,
    GapWaiver,
    MaterialTick,
    SelfAssessment,
)
from portfolio.models.evidence import (
    Blob,
    Evidence,
    EvidenceKind,
    EvidenceVersion,
    EvidenceYear,
    Upload,
)
from portfolio.models.figures import FigureValue
from portfolio.models.ledger import AuditEvent
from portfolio.models.package import (
    Package,
    PackageCitation,
    PackageElement,
    PackageFile,
    PackageWaiver,
)
from portfolio.models.people import (
    Invitation,
    LoginSession,
    Membership,
    Role,
    School,
    Stage,
    Throttle,
    User,
)
from portfolio.models.readiness import (
    IN_ALL,
    Benchmark,
    DossierSummary,
    ElementTally,
    PackageSummary,
    ReadinessRecord,
    RecordedDay,
    RubricElement,
    Visit,
)
from portfolio.models.review import (
    Assignment,
    Determination,
    ElementReview,
    Panel,
    Recusal,
    Review,
    SettlementRule,
)
from portfolio.models.work import Reminder

__all__ = [
    "IN_ALL",
    "Assignment",
    "AuditEvent",
    "Benchmark",
    "Blob",
    "CarryOver",
    "Citation",
    "Cycle",
    "Determination",
    "Dossier",
    "DossierState",
    "DossierSummary",
    "ElementReview",
    "ElementTally",
    "Evidence",
    "EvidenceKind",
    "EvidenceVersion",
    "EvidenceYear",
    "FigureValue",
    "GapWaiver",
    "Invitation",
    "LoginSession",
    "MaterialTick",
    "Membership",
    "Package",
    "PackageCitation",
    "PackageElement",
    "PackageFile",
    "PackageSummary",
    "PackageWaiver",
    "Panel",
    "ReadinessRecord",
    "RecordedDay",
    "Rectification",
    "Recusal",
    "Reminder",
    "Review",
    "Role",
    "Round",
    "RubricEdition",
    "RubricElement",
    "School",
    "SelfAssessment",
    "SettlementRule",
    "Stage",
    "Throttle",
    "TouchedElement",
    "Upload",
    "User",
    "Visit",
]
