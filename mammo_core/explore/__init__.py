"""Compute statistics of a catalogue's table.

These are counts by unit, ages by label, rates by group, missing values and leaks.
"""

from mammo_core.documents.units import UNITS, Unit, age_band
from mammo_core.explore.ages import (
    AgeDifference,
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
from mammo_core.explore.filters import (
    FILTER_COLUMNS,
    Filters,
    Selection,
    age_limits,
    apply_filters,
    filter_images,
    filter_options,
)
from mammo_core.explore.leakage import association, leakage
from mammo_core.explore.rates import rate_by, spread_p, wilson
from mammo_core.explore.units import add_missing_columns, by_unit, has_values

__all__ = [
    "FILTER_COLUMNS",
    "UNITS",
    "AgeDifference",
    "Claim",
    "Filters",
    "Selection",
    "Unit",
    "add_missing_columns",
    "age_band",
    "age_cumulative",
    "age_difference",
    "age_histogram",
    "age_limits",
    "age_quantiles",
    "age_table",
    "apply_filters",
    "association",
    "by_unit",
    "check_claims",
    "class_counts",
    "counts",
    "describe_ages",
    "difficult_negatives",
    "filter_images",
    "filter_options",
    "funnel",
    "has_values",
    "images_per_unit",
    "leakage",
    "missing_by_site",
    "rate_by",
    "spread_p",
    "summary",
    "wilson",
]
