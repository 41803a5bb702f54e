"""The store: typed mappings and the rules a schema can hold. No workflow."""

from portfolio.models.cycle import Cycle, Round, RubricEdition
from portfolio.models.dossier import (
    Citation,
    Dossier,
    DossierState,
    GapWaiver,
    Introduction,
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
from portfolio.models.review import (
    Assignment,
    Determination,
    ElementReview,
    Panel,
    Recusal,
    Review,
    SettlementRule,
)

__all__ = [
    "Assignment",
    "AuditEvent",
    "Blob",
    "Citation",
    "Cycle",
    "Determination",
    "Dossier",
    "DossierState",
    "ElementReview",
    "Evidence",
    "EvidenceKind",
    "EvidenceVersion",
    "EvidenceYear",
    "GapWaiver",
    "Introduction",
    "Invitation",
    "LoginSession",
    "Membership",
    "Package",
    "PackageCitation",
    "PackageElement",
    "PackageFile",
    "PackageWaiver",
    "Panel",
    "Recusal",
    "Review",
    "Role",
    "Round",
    "RubricEdition",
    "School",
    "SelfAssessment",
    "SettlementRule",
    "Stage",
    "Throttle",
    "Upload",
    "User",
]
