"""Match another model's scores with the labelled images of a data set."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from mammo_core.assessment.score_file import ScoreTable
from mammo_core.dataset.catalogue import Catalogue, image_name
from mammo_core.dataset.library import describe_source
from mammo_core.dataset.patients import with_left_out
from mammo_core.documents.units import Unit
from mammo_core.errors import DataError
from mammo_core.evaluation.units import to_unit
from mammo_core.storage.path_text import text_path
from mammo_core.workspace import Workspace

STATED = "stated_label"  # a label of the file's own
_SIDES = {"L": "L", "R": "R", "LEFT": "L", "RIGHT": "R"}
_IMAGE_SUFFIX = re.compile(r"\.(?:dcm|dicom|png|jpe?g|tiff?|npy|npz|hdf5|h5|mat)(?:\.gz)?$", re.IGNORECASE)
_ROUNDED = r"\d(?:[.,]\d+)?[eE]\+?\d+"  # 1.2E+12: what a spreadsheet program leaves of a long number


@dataclass(frozen=True)
class ScoredData:
    """The scored units of a data set, with its labels.

    Attributes:
        table: one row per scored unit: patient_id, image_id (of images), laterality and exam_id (of images and breasts; exam_id
            where the data set tells exams apart), label, probability (the score), and the attributes of the data set.
        labelled: the data set's images with a label that count for a breast, scored or not; see `Catalogue.table`.
        data: name of the data set.
        unit: what each row is of.
        notes: sentences on what was assumed and left out.
    """

    table: pd.DataFrame
    labelled: pd.DataFrame
    data: str
    unit: Unit
    notes: tuple[str, ...]


def labelled_images(workspace: Workspace, catalogue: Catalogue) -> pd.DataFrame:
    """Return the images of a data set that have a label and count for a breast.

    Returns:
        The catalogue's columns, and label: 0 or 1.

    Raises:
        DataError: there is none.
    """
    table = with_left_out(workspace, catalogue)
    counted = table["cancer"].notna() & table["laterality"].notna()
    if "left_out" in table:
        counted &= table["left_out"].isna()
    images = table[counted].drop(columns="left_out", errors="ignore").reset_index(drop=True)
    if images.empty:
        raise DataError("This data set has no labels, so scores can't be evaluated on it.")
    if "exam_id" in images:
        images["exam_id"] = images["exam_id"].fillna("")
    return images.assign(label=images["cancer"].astype(int))


def match_scores(workspace: Workspace, catalogue: Catalogue, scores: ScoreTable) -> ScoredData:
    """Match scores with the images, breasts or patients of a data set.

    Args:
        workspace: its prepared stores know which images count for no breast.
        catalogue: of the data set.
        scores: of the other model.

    Raises:
        DataError: no score belongs to the data set, a unit has several different scores, or all have the same label.
    """
    labelled, data = labelled_images(workspace, catalogue), describe_source(workspace, catalogue).dataset
    if scores.unit == "image":
        units, keys, notes = _match_images(catalogue, labelled, scores.rows)
    else:
        units, keys, notes = _match_units(catalogue, labelled, scores)
    matched = keys.notna().to_numpy()
    if not matched.any():
        raise DataError(_describe_no_match(scores, data))
    if unknown := int((~matched).sum()):
        notes.append(
            f"{unknown:,} of {len(keys):,} scores are of {scores.unit}s that {data} doesn't have, and are left out."
            f"{_describe_rounded(scores.rows[~matched])}"
        )
    rows = scores.rows[matched].assign(key=keys[matched]).rename(columns={"label": STATED})
    rows, repeated = _drop_repeats(rows, scores.unit)
    joined = units.join(rows.set_index("key")[[name for name in ("score", STATED) if name in rows]])
    table, more = _scored(joined, rows, scores.unit)
    notes = [*scores.notes, *notes, *repeated, *more]
    if table["label"].nunique() < 2:
        raise DataError(
            f"The scored {scores.unit}s all have the same label in {data}; an evaluation needs positive and negative ones."
        )
    return ScoredData(table, labelled, data, scores.unit, tuple(notes))


def _match_images(
    catalogue: Catalogue, labelled: pd.DataFrame, rows: pd.DataFrame
) -> tuple[pd.DataFrame, pd.Series, list[str]]:
    """Return the labelled images by image_id, and the image_id of each score.

    It is missing where there is none. A score may name an image by image_id, by <patient_id>_<image_id> (the name of a
    prepared PNG), or by the name of its file.
    """
    table = catalogue.table
    by_name = pd.Series(table["image_id"].to_numpy(), index=table["image_id"])
    by_both = pd.Series(table["image_id"].to_numpy(), index=table["patient_id"] + "_" + table["image_id"])
    files = table[["image_id", "file"]].dropna()
    by_file = pd.Series(
        files["image_id"].to_numpy(), index=[image_name(text_path(file).name) for file in files["file"]], dtype="object"
    )
    by_file = by_file[~by_file.index.duplicated(keep=False)]
    known = pd.concat([by_name, by_both, by_file])
    known = known[~known.index.duplicated()]
    own, names = rows["image"].astype("object"), [_plain, _without_suffix, _without_fraction]
    if "patient" in rows:
        together = rows["patient"] + "_" + rows["image"]
        own = own.where(~together.isin(known.index), together)
    keys = _resolve(own, known, names)
    _check_patients(table, rows, keys)
    return labelled.set_index("image_id", drop=False), keys, []


def _check_patients(table: pd.DataFrame, rows: pd.DataFrame, keys: pd.Series) -> None:
    """Raise a DataError if scores name another patient for an image than the data set."""
    if "patient" not in rows:
        return
    expected = keys.map(pd.Series(table["patient_id"].to_numpy(), index=table["image_id"]))
    given = rows["patient"].map(_without_fraction, na_action="ignore")
    wrong = expected.notna() & given.notna() & (expected != given) & (expected != rows["patient"])
    if wrong.any():
        raise DataError(
            f"{int(wrong.sum()):,} scores name another patient for their image than the data set does, the first in line "
            f"{int(rows.loc[wrong.idxmax(), 'line'])}. Is this the right data set?"
        )


def _match_units(
    catalogue: Catalogue, labelled: pd.DataFrame, scores: ScoreTable
) -> tuple[pd.DataFrame, pd.Series, list[str]]:
    """Return the labelled breasts or patients by a key, and the key of each score.

    It is missing where there is none.
    """
    rows, notes, breasts = scores.rows, [], scores.unit == "breast"
    patients = catalogue.table["patient_id"].drop_duplicates()
    patient = _resolve(rows["patient"], pd.Series(patients.to_numpy(), index=patients), [_plain, _without_fraction])
    units = to_unit(labelled.assign(probability=0.0), scores.unit).drop(
        columns=["probability", "image_id", "view", "file"]
    )
    if not breasts:  # a patient has no side
        units = units.drop(columns="exam_id", errors="ignore").assign(laterality="")
        return units.set_index("patient_id", drop=False), patient, []
    key = patient + " " + rows["side"].str.upper().map(_SIDES)
    own_key, known = _breast_key(units), _breast_key(catalogue.table)
    if "exam_id" in units and "exam" in rows:
        key = key + " " + rows["exam"].fillna("")
        own_key = own_key + " " + units["exam_id"]
        known = known + " " + catalogue.table["exam_id"].fillna("")
    elif (several := own_key.duplicated(keep=False)).any():
        notes.append(
            f"{int(several.sum()):,} of {len(units):,} breasts are left out: their patients have several exams, and the scores "
            "don't say of which they are."
        )
        units, own_key = units[~several], own_key[~several]
    return units.set_index(own_key.to_numpy()), key.where(key.isin(set(known))), notes


def _breast_key(table: pd.DataFrame) -> pd.Series:
    return table["patient_id"] + " " + table["laterality"]


def _resolve(values: pd.Series, known: pd.Series, forms: Sequence[Callable[[str], str]]) -> pd.Series:
    """Return what each name stands for in the first of its forms that is known."""
    resolved = pd.Series(pd.NA, index=values.index, dtype="object")
    for form in forms:
        resolved = resolved.fillna(values.map(form, na_action="ignore").map(known))
    return resolved


def _plain(name: str) -> str:
    return name


def _without_suffix(name: str) -> str:
    return _IMAGE_SUFFIX.sub("", re.split(r"[/\\]", name)[-1])


def _without_fraction(name: str) -> str:
    return name[:-2] if re.fullmatch(r"\d+\.0", name) else name  # a number that a program took for a decimal one


def _drop_repeats(rows: pd.DataFrame, unit: Unit) -> tuple[pd.DataFrame, list[str]]:
    """Return one row per unit; repeats of the same score are counted.

    Raises:
        DataError: a unit has several different scores.
    """
    repeated = rows["key"].duplicated()
    if not repeated.any():
        return rows, []
    different = rows.groupby("key")["score"].nunique(dropna=False) > 1
    if different.any():
        first = rows.loc[rows["key"].isin(different.index[different]) & repeated, "line"].min()
        advice = "" if unit == "image" else " Give the scores of the images, if that is what they are."
        raise DataError(
            f"{int(different.sum()):,} {unit}s have several different scores, the first again in line {int(first)}; "
            f"each may have one.{advice}"
        )
    return rows[~repeated], [f"{int(repeated.sum()):,} rows repeat the score of the same {unit}, and count once."]


def _scored(joined: pd.DataFrame, rows: pd.DataFrame, unit: Unit) -> tuple[pd.DataFrame, list[str]]:
    """Return the labelled units that have a score, and notes on the others."""
    notes = []
    if unlabelled := int((~rows["key"].isin(joined.index)).sum()):
        notes.append(
            f"{unlabelled:,} scores are of {unit}s without a label, or of images that count for no breast, and are left out."
        )
    missing = joined["score"].isna()
    if missing.any():
        notes.append(f"{int(missing.sum()):,} of {len(joined):,} labelled {unit}s have no score, and are left out.")
    table = joined[~missing]
    if STATED in table and (stated := table[STATED].notna()).any():
        different = int((table.loc[stated, STATED] != table.loc[stated, "label"]).sum())
        notes.append(
            f"The file's own labels differ from those of the data set for {different:,} of {int(stated.sum()):,} {unit}s; the "
            "data set's are used."
            if different
            else f"The file's own labels are those of the data set, for {int(stated.sum()):,} {unit}s."
        )
    table = table.assign(probability=table["score"].to_numpy(float))
    return table.drop(columns=["score", STATED], errors="ignore").reset_index(drop=True), notes


def _describe_no_match(scores: ScoreTable, data: str) -> str:
    ways = {
        "image": "An image is named by its image_id, <patient_id>_<image_id> or its file's name.",
        "breast": "A breast is named by patient_id and L or R.",
        "patient": "A patient is named by patient_id.",
    }
    return (
        f"None of the {len(scores.rows):,} scores is of one of the {scores.unit}s of {data}. {ways[scores.unit]}"
        f"{_describe_rounded(scores.rows)}"
    )


def _describe_rounded(rows: pd.DataFrame) -> str:
    """Return a sentence if names look like numbers that were rounded, else nothing."""
    names = [rows[column] for column in ("image", "patient") if column in rows]
    if not any(values.astype("str").str.fullmatch(_ROUNDED).fillna(False).any() for values in names):
        return ""
    return " Some names are numbers like 1.2E+12, which a spreadsheet program has rounded; export them as text."
