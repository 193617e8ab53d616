"""Evaluate a model in parts of the data: by site, machine, age and so on."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from mammo_core.documents.report import Subgroup
from mammo_core.documents.units import Unit, age_band
from mammo_core.errors import DataError
from mammo_core.evaluation import metrics
from mammo_core.evaluation.auc_differences import compare_with_rest, holm
from mammo_core.evaluation.bootstrap import RESAMPLES, bootstrap
from mammo_core.evaluation.group_columns import is_of_breasts, offered_columns, to_groups
from mammo_core.evaluation.intervals import MIN_PATIENTS, patients_by_label, rank_estimate
from mammo_core.evaluation.metrics import Ranking
from mammo_core.evaluation.units import to_unit

ATTRIBUTES: dict[str, Unit] = {  # attribute and the unit that has it
    "site_id": "breast",
    "machine_id": "breast",
    "age_band": "breast",
    "density": "breast",
    "implant": "breast",
    "laterality": "breast",
    "view": "image",
}
# Of each label, from at least MIN_PATIENTS patients. With fewer, the interval of the AUC is too wide to be of use.
MIN_UNITS = 10


def subgroups(
    predictions: pd.DataFrame,
    resamples: int = RESAMPLES,
    *,
    rows: Unit = "image",
    by: Sequence[str] | None = None,
) -> tuple[Subgroup, ...]:
    """Return the AUC of each group of each attribute, compared with the rest.

    The p values of all differences are corrected together (Holm 1979). The rest are the units whose attribute is known.

    Args:
        predictions: one row per image; attributes that it lacks are left out.
        resamples: how many bootstrap resamples of patients.
        rows: what a row is of; patients have no side, and only images have a view.
        by: attributes, of those that `offered_attributes` returns; None for those of `ATTRIBUTES`.

    Raises:
        DataError: there is no such attribute, or it can't be used.
    """
    table = _with_age_bands(predictions)
    units_of = _attributes_of(rows) if by is None else _chosen(predictions, rows, by)
    groups: list[Subgroup] = []
    for attribute, unit in units_of.items():
        if attribute in table and table[attribute].notna().any():
            groups += _groups_of(table, attribute, unit, resamples)
    return _corrected(groups)


def offered_attributes(predictions: pd.DataFrame, rows: Unit = "image") -> list[str]:
    """Return the attributes by which predictions may be divided.

    The usual ones come first; none identifies a patient.

    Args:
        predictions: one row per image, or per what `rows` says.
        rows: what a row is of.
    """
    table = _with_age_bands(predictions)
    usual = [name for name in _attributes_of(rows) if name in table and table[name].nunique() > 1]
    return usual + [name for name in offered_columns(predictions) if name not in ATTRIBUTES]


def _with_age_bands(predictions: pd.DataFrame) -> pd.DataFrame:
    if "age" not in predictions:
        return predictions
    return predictions.assign(age_band=age_band(predictions["age"]).astype("object"))


def _chosen(predictions: pd.DataFrame, rows: Unit, by: Sequence[str]) -> dict[str, Unit]:
    """Return the unit of each chosen attribute.

    Raises:
        DataError: there is no such attribute, or it can't be used.
    """
    offered = offered_attributes(predictions, rows)
    for name in by:
        if name not in offered:
            raise DataError(
                f"There is no column {name!r} to group by. These can be used: {', '.join(offered) or 'none'}. Columns that "
                "may identify patients, or have only one value, are left out."
            )
    return {name: _attributes_of(rows).get(name) or _unit_of(predictions, name, rows) for name in by}


def _unit_of(predictions: pd.DataFrame, name: str, rows: Unit) -> Unit:
    """Return the unit that an attribute is about.

    It is the image only if images of a breast differ in it.
    """
    if rows != "image":
        return rows
    keys = [key for key in ("patient_id", "exam_id", "laterality") if key in predictions]
    breasts = predictions.groupby(keys, dropna=False).ngroup()
    return "breast" if is_of_breasts(predictions[name], breasts) else "image"


def _attributes_of(rows: Unit) -> dict[str, Unit]:
    if rows == "image":
        return ATTRIBUTES
    by_breast: dict[str, Unit] = {name: rows for name, unit in ATTRIBUTES.items() if unit == "breast"}
    return {name: unit for name, unit in by_breast.items() if rows == "breast" or name != "laterality"}


def _groups_of(table: pd.DataFrame, attribute: str, unit: Unit, resamples: int) -> list[Subgroup]:
    """Return the groups of one attribute; p values are not corrected yet."""
    grouped = table[attribute] if attribute in ATTRIBUTES else to_groups(table[attribute], attribute)
    units = to_unit(table.assign(**{attribute: grouped}), unit)
    units = units[units[attribute].notna()].reset_index(drop=True)
    return [
        _subgroup(attribute, str(group), unit, units, np.isin(units.index, rows.index), resamples)
        for group, rows in units.groupby(attribute, observed=True, sort=True)
    ]


def _subgroup(
    attribute: str, group: str, unit: Unit, units: pd.DataFrame, inside: np.ndarray, resamples: int
) -> Subgroup:
    members, auc, difference, p_value = units[inside], None, None, None
    if _are_enough(members):
        ranking = Ranking(members["label"], members["probability"])
        samples = bootstrap(members["patient_id"], {"auc": (ranking, metrics.auc)}, resamples)
        auc = rank_estimate(members, ranking.value(metrics.auc), samples["auc"], is_auc=True)
        if _are_enough(units[~inside]):
            difference, p_value = compare_with_rest(units, inside)
    return Subgroup(
        attribute=attribute,
        group=group,
        unit=unit,
        n=len(members),
        positives=int(members["label"].sum()),
        auc=auc,
        difference=difference,
        p_value=p_value,
    )


def _are_enough(units: pd.DataFrame) -> bool:
    positives = int(units["label"].sum())
    enough = min(positives, len(units) - positives) >= MIN_UNITS
    return enough and min(patients_by_label(units)) >= MIN_PATIENTS


def _corrected(groups: Sequence[Subgroup]) -> tuple[Subgroup, ...]:
    """Return the groups with p values that are corrected for their number.

    Of an attribute with two groups both differences are the same one, which counts once.
    """
    sizes = Counter(group.attribute for group in groups)
    tests: dict[tuple[str, str], float] = {
        (group.attribute, "" if sizes[group.attribute] == 2 else group.group): group.p_value
        for group in groups
        if group.p_value is not None
    }
    corrected = dict(zip(tests, holm(list(tests.values())), strict=True))
    return tuple(
        group.model_copy(
            update={"p_value": corrected[group.attribute, "" if sizes[group.attribute] == 2 else group.group]}
        )
        if group.p_value is not None
        else group
        for group in groups
    )
