"""The three statements of the original write-up on this data, checked against the data that is loaded."""

from dataclasses import dataclass

import pandas as pd

from mammo_core.explore.ages import age_difference, describe_ages
from mammo_core.explore.units import by_unit, complete, known, labels

PATIENTS = 15_000
NEGATIVES = 12_000
ALMOST = 0.02  # "almost" n: at most so much of n below it
YEARS = 5.0
YEARS_TOLERANCE = 0.5


@dataclass(frozen=True)
class Claim:
    """A statement and what the data says to it.

    Attributes:
        quote: the statement.
        holds: whether it is so; None if the data can't tell.
        reading: what was counted, with its unit.
    """

    quote: str
    holds: bool | None
    reading: str


def check_claims(table: pd.DataFrame) -> list[Claim]:
    """Return the three statements with what this data set says, in the unit that they are about: patients."""
    table = complete(table)
    return [_patients(table), _negatives(table), _age(table)]


def _patients(table: pd.DataFrame) -> Claim:
    patients = table["patient_id"].nunique()
    reading = f"{patients:,} patients with {len(table):,} images are loaded."
    return Claim("over 15,000 patients", patients > PATIENTS, reading)


def _negatives(table: pd.DataFrame) -> Claim:
    quote = "almost 12,000 negative cases"
    if not known(table, "cancer"):
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
    if not (known(table, "cancer") and known(table, "age")):
        return Claim(quote, None, "This data set has no labels or no ages.")
    patients = by_unit(table[["patient_id", "laterality", "cancer", "age"]], "patient")
    by_patient, by_image = age_difference(patients, resamples=1), age_difference(table, resamples=1)
    if by_patient["median"] is None or by_patient["mean"] is None or by_image["mean"] is None:
        return Claim(quote, None, "Ages of one of the two labels are not known.")
    medians = [describe_ages(patients, label)["median"] for label in (0, 1)]
    reading = (
        f"Patients: medians {medians[0]:g} and {medians[1]:g}, {by_patient['median']:g} years apart; means "
        f"{by_patient['mean']:.2f}. Images: medians {by_image['median']:g}, means {by_image['mean']:.2f} apart."
    )
    holds = abs(by_patient["median"] - YEARS) <= YEARS_TOLERANCE
    if not holds and abs(by_patient["mean"] - YEARS) <= YEARS_TOLERANCE:
        reading += " Five years is the difference of the means."
    return Claim(quote, holds, reading)
