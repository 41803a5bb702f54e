"""The store: typed mappings and the rules a schema can hold. No workflow."""

from portfolio.models.cycle import Cycle, Round, RubricEdition
from portfolio.models.dossier import Citation, Dossier, DossierState, GapWaiver, SelfAssessment
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
    Correction,
    Determination,
    ElementReview,
    InterestStatement,
    Panel,
    Recusal,
    Review,
    SettlementRule,
    Substitution,
)
from portfolio.models.settlement import Closing, Remark, Ruling, Stance

__all__ = [
    "Assignment",
    "AuditEvent",
    "Blob",
    "Citation",
    "Closing",
    "Correction",
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
    "InterestStatement",
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
    "Remark",
    "Review",
    "Role",
    "Round",
    "RubricEdition",
    "Ruling",
    "School",
    "SelfAssessment",
    "SettlementRule",
    "Stage",
    "Stance",
    "Substitution",
    "Throttle",
    "Upload",
    "User",
]
