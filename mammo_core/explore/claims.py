"""Check three claims of the published notebook about the RSNA data.

They are checked against the loaded data set.
"""

from dataclasses import dataclass

import pandas as pd

from mammo_core.explore.ages import age_difference, describe_ages
from mammo_core.explore.units import add_missing_columns, by_unit, has_values, labels

PATIENTS = 15_000
NEGATIVES = 12_000
ALMOST = 0.02  # "almost n" allows values down to this share below n
YEARS = 5.0
YEARS_TOLERANCE = 0.5


@dataclass(frozen=True)
class Claim:
    """A claim and whether it is true of the data set.

    Attributes:
        quote: the claim.
        holds: whether it is true; None if the data set lacks what is needed.
        reading: the counts behind the verdict, with their unit.
    """

    quote: str
    holds: bool | None
    reading: str


def check_claims(table: pd.DataFrame) -> list[Claim]:
    """Check the three claims, in the unit that they are about: patients."""
    table = add_missing_columns(table)
    return [_patients(table), _negatives(table), _age(table)]


def _patients(table: pd.DataFrame) -> Claim:
    patients = table["patient_id"].nunique()
    reading = f"{patients:,} patients with {len(table):,} images are loaded."
    return Claim("over 15,000 patients", patients > PATIENTS, reading)


def _negatives(table: pd.DataFrame) -> Claim:
    quote = "almost 12,000 negative cases"
    if not has_values(table, "cancer"):
        return Claim(quote, None, "This data set has no labels.")
    units = labels(by_unit(table[["patient_id", "laterality", "cancer"]], "patient"))
    none_positive = int((units == 0).sum())
    some_negative = table.loc[labels(table) == 0, "patient_id"].nunique()
    both = some_negative - none_positive
    reading = (
        f"{none_positive:,} patients have no positive image. {some_negative:,} have at least one negative image, but "
        f"{both:,} of these are positive patients, counted twice."
    )
    return Claim(quote, (1 - ALMOST) * NEGATIVES <= none_positive <= NEGATIVES, reading)


def _age(table: pd.DataFrame) -> Claim:
    quote = "5 years between the medians"
    if not (has_values(table, "cancer") and has_values(table, "age")):
        return Claim(quote, None, "This data set has no labels or no ages.")
    patients = by_unit(table[["patient_id", "laterality", "cancer", "age"]], "patient")
    by_patient, by_image = age_difference(patients, resamples=1), age_difference(table, resamples=1)
    if by_patient.median is None or by_patient.mean is None or by_image.mean is None:
        return Claim(quote, None, "One of the two labels has no known ages.")
    medians = [describe_ages(patients, label).median for label in (0, 1)]
    reading = (
        f"Patients: medians {medians[0]:g} and {medians[1]:g}, {by_patient.median:g} years apart; means "
        f"{by_patient.mean:.2f}. Images: medians {by_image.median:g}, means {by_image.mean:.2f} apart."
    )
    holds = abs(by_patient.median - YEARS) <= YEARS_TOLERANCE
    if not holds and abs(by_patient.mean - YEARS) <= YEARS_TOLERANCE:
        reading += " Five years is the difference of the means."
    return Claim(quote, holds, reading)
