"""Find images whose side or view contradicts their pixels."""

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from mammo_core.dataset.store import parse_geometry
from mammo_core.doctor.cross_fitting import cross_fitted
from mammo_core.doctor.table_contradictions import exam_of, finding
from mammo_core.documents.doctor_report import ImageFinding, SkippedCheck

SIDE, VIEW = "side", "view"
ONE_WAY = (
    0.9  # share of a machine's images that face the usual side, from which the others are wrong; RSNA's: 0.55 and 1
)
MIXED = 0.2  # share of a machine's exams whose images face both sides, from which an exam proves nothing
MIN_PATIENTS = 20  # with each view, so that a classifier can learn to tell them apart
STRENGTH = 0.001  # inverse of the regularisation of the view's classifier
PAIR_ODDS = (
    2.5  # log odds: a breast has one CC and one MLO, so a view that makes or breaks a pair is less or more likely
)
SURE = 2.5  # log odds of a wrong view, from which it is reported
BY_EXAM, BY_MACHINE, BY_ONE = 0.95, 0.9, 0.5  # confidence of a wrong side, by what it is compared with


def faces_as_usual(manifest: pd.DataFrame) -> np.ndarray:
    """Return whether each image faces the side which its laterality leads to expect.

    A right breast is usually displayed with its chest wall at the right.

    Args:
        manifest: of a store, with laterality and geometry.

    Returns:
        float (n,), 1 or 0; NaN without a laterality.
    """
    at_right = np.array([parse_geometry(text).flipped for text in manifest["geometry"]], float)
    laterality = manifest["laterality"]
    return np.where(laterality.isna(), np.nan, at_right == (laterality == "R").to_numpy(float))


def wrong_sides(manifest: pd.DataFrame) -> tuple[list[ImageFinding], list[SkippedCheck]]:
    """Return the images that face another side than others of machine or exam.

    Some machines display every image as usual. Others display some exams the other way round as a whole; there, one image is
    compared with the others of its exam.

    Args:
        manifest: of a store.
    """
    if manifest["laterality"].isna().all():
        return [], [SkippedCheck(check=SIDE, reason="No image states its side.")]
    table = pd.DataFrame({"usual": faces_as_usual(manifest), "exam": exam_of(manifest)}, index=manifest.index)
    table["machine"] = manifest["machine_id"].astype("str").where(manifest["machine_id"].notna(), "")
    table = table[table["usual"].notna()]
    findings, unclear = [], 0
    for _, of_machine in table.groupby("machine"):
        share = of_machine["usual"].mean()
        if not 1 - ONE_WAY < share < ONE_WAY:
            wrong = of_machine.index[of_machine["usual"] != round(share)]
            findings += [_wrong_side(manifest.loc[row], "all images of its machine", BY_MACHINE) for row in wrong]
        elif _mixed_exams(of_machine) > MIXED:
            unclear += len(of_machine)
        else:
            unclear += int((of_machine.groupby("exam")["usual"].transform("size") == 1).sum())
            findings += _wrong_within_exams(manifest, of_machine)
    if not unclear:
        return findings, []
    reason = (
        f"{unclear:,} images can't be checked: their machine displays breasts both ways round, and other images of their exam "
        "are missing or mixed, too."
    )
    return findings, [SkippedCheck(check=SIDE, reason=reason)]


def _mixed_exams(table: pd.DataFrame) -> float:
    """Return the share of exams with three or more images that face both sides."""
    exams = table.groupby("exam")["usual"].agg(["nunique", "size"])
    exams = exams[exams["size"] >= 3]
    return float((exams["nunique"] > 1).mean()) if len(exams) else 0.0


def _wrong_within_exams(manifest: pd.DataFrame, table: pd.DataFrame) -> list[ImageFinding]:
    """Return the images that face another side than all others of their exam.

    Of two images that differ, nobody can say which is the wrong one: both are returned, less sure.
    """
    exams = table.groupby("exam")["usual"]
    count, alike = exams.transform("size"), exams.transform("sum")
    alike = alike.where(table["usual"] == 1, count - alike)
    alone = table.index[(alike == 1) & (count >= 2)]
    return [
        _wrong_side(manifest.loc[row], "the others of its exam", BY_EXAM)
        if count[row] > 2
        else _wrong_side(manifest.loc[row], "the only other one of its exam, which may be the wrong one", BY_ONE)
        for row in alone
    ]


def _wrong_side(row: pd.Series, others: str, confidence: float) -> ImageFinding:
    side = {"L": "left", "R": "right"}[str(row["laterality"])]
    return finding(row, SIDE, f"It states the {side} breast, and faces the other way than {others}.", confidence)


def wrong_views(manifest: pd.DataFrame, features: np.ndarray) -> tuple[list[ImageFinding], list[SkippedCheck]]:
    """Return the images whose view, CC or MLO, contradicts their pixels.

    A logistic regression on the features learns the two views from other patients' images; that a breast usually has one
    of each view counts, too.

    Args:
        manifest: of a store.
        features: (n, c), of its images, averaged over the breast.
    """
    standard = manifest["view"].isin(["CC", "MLO"]).to_numpy()
    table = manifest[standard]
    is_mlo = (table["view"] == "MLO").to_numpy(int)
    patients = [table.loc[is_mlo == view, "patient_id"].nunique() for view in (0, 1)]
    if min(patients, default=0) < MIN_PATIENTS:
        reason = f"At least {MIN_PATIENTS} patients with CC and as many with MLO are needed to learn the views."
        return [], [SkippedCheck(check=VIEW, reason=reason)]
    groups = table["patient_id"].to_numpy(str)
    probability = cross_fitted(features[standard].astype(np.float32), is_mlo, groups, STRENGTH)
    odds = logit(np.clip(probability, 1e-6, 1 - 1e-6))
    wrong = np.where(is_mlo == 1, -odds, odds) + _pair_odds(table)
    findings = []
    for position in np.flatnonzero(wrong > SURE):
        row = table.iloc[position]
        other = "CC" if is_mlo[position] else "MLO"
        muscle = "no pectoral muscle like" if other == "CC" else "a pectoral muscle like"
        reason = f"It is called {row['view']} and looks like {other}: it shows {muscle} other images of that view."
        findings.append(finding(row, VIEW, reason, float(expit(wrong[position]))))
    return findings, []


def _pair_odds(table: pd.DataFrame) -> np.ndarray:
    """Return the log odds of a wrong view by its breast's other views, (n,)."""
    breast = [exam_of(table), table["laterality"].astype("str")]
    same = table.groupby([*breast, table["view"]])["view"].transform("size")
    both = table["view"].groupby(breast).transform("nunique")
    makes_pair = (both == 1) & (same > 1)
    breaks_pair = (both == 2) & (same == 1)
    return np.select([makes_pair, breaks_pair], [PAIR_ODDS, -PAIR_ODDS], 0.0)
