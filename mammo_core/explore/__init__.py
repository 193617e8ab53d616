"""A catalogue's table → statistics: counts by unit, ages by label, rates by group, gaps, leaks."""

from mammo_core.documents.units import UNITS, Unit, age_band
from mammo_core.explore.ages import (
    age_cumulative,
    age_difference,
    age_histogram,
    age_quantiles,
    age_table,
    describe_ages,
)
from mammo_core.explore.claims import Claim, check_claims
from mammo_core.explore.counts import (
    class_counts,
    counts,
    difficult_negatives,
    funnel,
    images_per_unit,
    missing_by_site,
    summary,
)
from mammo_core.explore.filters import CHOICES, Filters, View, age_limits, look, options, select
from mammo_core.explore.leakage import association, leakage
from mammo_core.explore.rates import rate_by, spread_p, wilson
from mammo_core.explore.units import by_unit, complete, known

__all__ = [
    "CHOICES",
    "UNITS",
    "Claim",
    "Filters",
    "Unit",
    "View",
    "age_band",
    "age_cumulative",
    "age_difference",
    "age_histogram",
    "age_limits",
    "age_quantiles",
    "age_table",
    "association",
    "by_unit",
    "check_claims",
    "class_counts",
    "complete",
    "counts",
    "describe_ages",
    "difficult_negatives",
    "funnel",
    "images_per_unit",
    "known",
    "leakage",
    "look",
    "missing_by_site",
    "options",
    "rate_by",
    "select",
    "spread_p",
    "summary",
    "wilson",
]
