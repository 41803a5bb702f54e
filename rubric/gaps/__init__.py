"""What each element still lacks, the points that hang on it, and what to do about it first."""

from rubric.cited import CitedEvidence
from rubric.gaps.finding import find_all_gaps, find_gaps, points_at_risk, readiness, status_of
from rubric.gaps.model import (
    ElementState,
    ElementStatus,
    Gap,
    Readiness,
    Rule,
    Scrutiny,
    Severity,
)
from rubric.gaps.steps import Step, next_steps
from rubric.gaps.weights import Weights, default_weights, load_weights
from rubric.schoolyears import WINDOW_YEARS, school_year_of, window_start_of

__all__ = [
    "WINDOW_YEARS",
    "CitedEvidence",
    "ElementState",
    "ElementStatus",
    "Gap",
    "Readiness",
    "Rule",
    "Scrutiny",
    "Severity",
    "Step",
    "Weights",
    "default_weights",
    "find_all_gaps",
    "find_gaps",
    "load_weights",
    "next_steps",
    "points_at_risk",
    "readiness",
    "school_year_of",
    "status_of",
    "window_start_of",
]
