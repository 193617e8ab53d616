"""Find images whose side or view contradicts their pixels."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.special import expit

from mammo_core.dataset.store import parse_geometry
from mammo_core.doctor.table_contradictions import exam_of, finding
from mammo_core.doctor.view_classifier import ViewPictures, wrong_view_log_odds
from mammo_core.documents.doctor_report import ImageFinding, SkippedCheck

SIDE, VIEW = "side", "view"
SIDES = {"L": "left", "R": "right"}
ONE_WAY = 0.9  # share of a machine's images in exams that face the usual side, from which others are wrong; RSNA's: 0.55 and 1
MIXED = 0.15  # share of a machine's images that face another side than most of their exam, from which an exam proves nothing
FEW = (1, 20)  # images that are added to those that face another side, and to all, so that a few don't decide
MIN_PATIENTS = 20  # with each view, so that a classifier can learn to tell them apart
PAIR_ODDS = (
    3.5  # log odds: a breast has one CC and one MLO, so a view that makes or breaks a pair is less or more likely
)
SURE = 1.0  # log odds of a wrong view, from which it is reported
BY_MARKER = 0.98  # confidence of a wrong side by a burnt-in letter; docs/results.md says how many are read wrongly
BY_MACHINE, EVEN = 0.9, 0.5  # confidence of a wrong side, compared with its machine; of either of two that differ


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
    """Return the images whose burnt-in letter, or other images, contradict their side.

    A legible letter settles the case. Images without one are compared with others: some machines display every image as
    usual; others display some exams the other way round as a whole, and there, one image is compared with the others of its
    exam.

    Args:
        manifest: of a store.
    """
    if manifest["laterality"].isna().all():
        return [], [SkippedCheck(check=SIDE, reason="No image states its side.")]
    compared = compare_sides(manifest)
    wrong = compared.index[compared["confidence"] > 0]
    findings = [_wrong_side(manifest.loc[row], compared.loc[row]) for row in wrong]
    return findings, [SkippedCheck(check=SIDE, reason=reason) for reason in _unchecked_sides(manifest, compared)]


def _unchecked_sides(manifest: pd.DataFrame, compared: pd.DataFrame) -> Iterator[str]:
    """Yield sentences about images whose side or letter can't be checked."""
    unclear = int((~compared["comparable"]).sum())
    if unclear:
        yield (
            f"{unclear:,} images can't be checked: no letter beside the breast is legible, their machine displays breasts both "
            "ways round, and other images of their exam are missing or mixed, too."
        )
    unread = int((_markers(manifest) == "not read").sum())
    if unread:
        yield (
            f"{unread:,} images were imported by an earlier version, which didn't read the letters beside the breast. Import "
            "the data set anew, under another name, to compare them with the stated side."
        )


def compare_sides(manifest: pd.DataFrame) -> pd.DataFrame:
    """Compare the side of each image with its burnt-in letter or other images.

    Args:
        manifest: of a store.

    Returns:
        A row for each image with a laterality, with the index of the manifest: `comparable`, whether its letter or other
        images can tell that its side is wrong; `by_marker`, whether the letter; `by_machine`, whether images of its machine;
        `images`, of its exam; `confidence` that it is wrong, 0 where nothing speaks for it.
    """
    table = pd.DataFrame({"usual": faces_as_usual(manifest), "exam": exam_of(manifest)}, index=manifest.index)
    table["machine"] = manifest["machine_id"].astype("str").where(manifest["machine_id"].notna(), "")
    table["marker"], table["laterality"] = _markers(manifest), manifest["laterality"]
    table = _read_markers(table[table["usual"].notna()])
    exams = table.groupby(["machine", "exam"])
    table["images"], table["share"] = exams["usual"].transform("size"), exams["usual"].transform("mean")
    table["exam_way"] = (
        table["usual"].where(table["by_marker"]).groupby([table["machine"], table["exam"]]).transform("mean")
    )
    parts = [_compare_with_machine(of_machine) for _, of_machine in table.groupby("machine")]
    compared = pd.concat(parts).loc[table.index]
    compared.loc[table["by_marker"], ["comparable", "by_machine"]] = [True, False]
    contradicted = np.where(table["contradicted"], BY_MARKER, 0.0)
    compared["confidence"] = compared["confidence"].where(~table["by_marker"], contradicted)
    return compared[["comparable", "by_marker", "by_machine", "images", "confidence"]]


def _markers(manifest: pd.DataFrame) -> pd.Series:
    """Return the burnt-in side of each image, see `PngEntry`."""
    if "side_marker" not in manifest:
        return pd.Series("not read", manifest.index)
    return manifest["side_marker"].astype("str")


def _read_markers(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with what burnt-in letters say of each image.

    The columns are `by_marker`, whether a letter is legible, and `contradicted`, whether it is another one than stated, or
    mirrored. `usual` then says how the image would face if stated side and pixels were right.
    """
    by_marker = table["marker"].str[-1].isin(["L", "R"]) & ~table["marker"].isin(["not read", "illegible"])
    mirrored = by_marker & table["marker"].str.startswith("mirrored")
    other = by_marker & (table["marker"].str[-1] != table["laterality"].astype("str"))
    usual = table["usual"].where(mirrored == other, 1 - table["usual"])
    return table.assign(by_marker=by_marker, contradicted=mirrored | other, usual=usual)


def _compare_with_machine(table: pd.DataFrame) -> pd.DataFrame:
    """Return the images of one machine, compared with it or with their exam.

    They are compared with the machine if its exams face one way.
    """
    opposed = np.where(table["share"] > 0.5, table["usual"] == 0, table["usual"] == 1) & (table["share"] != 0.5)
    several = table["images"] > 2
    fewer = np.minimum(table["share"], 1 - table["share"])[several]
    swapped = (fewer.sum() + FEW[0]) / (several.sum() + FEW[1])
    clear = table.loc[table["share"] != 0.5, "share"]
    usual = float((clear > 0.5).mean()) if len(clear) else 0.5
    if swapped <= MIXED and not 1 - ONE_WAY < usual < ONE_WAY:
        confidence = np.where(table["usual"] != round(usual), BY_MACHINE, 0.0)
        return table.assign(comparable=True, by_machine=True, confidence=confidence)
    return _compare_with_exams(table.assign(opposed=opposed, by_machine=False), swapped)


def _compare_with_exams(table: pd.DataFrame, swapped: float) -> pd.DataFrame:
    """Return the images of one machine, compared with the others of their exam.

    That k of n images are wrong has the odds (swapped / (1 - swapped)) ** (n - 2 k) against that all others are. Where as
    many face one way as the other, legible letters decide. Without them, of two images that differ, nobody can say which is
    the wrong one: both are returned, less sure.

    Args:
        table: of the images, with `opposed`: whether most of the exam face the other side; and `exam_way`: `usual` of those
            whose letters are legible.
        swapped: share of the machine's images that do.
    """
    if swapped > MIXED:
        return table.assign(comparable=False, confidence=0.0)
    lead = table["images"] * (2 * table["share"] - 1).abs()  # images that face the exam's way, less those that don't
    settled = (lead == 0) & table["exam_way"].isin([0, 1])
    opposed = table["opposed"] | (settled & (table["usual"] != table["exam_way"]))
    of_majority = 1 / (1 + (swapped / (1 - swapped)) ** lead.where(~settled, 1))
    pair = (table["images"] == 2) & (lead == 0)
    confidence = np.select([opposed, pair & ~settled], [of_majority, EVEN], 0.0)
    return table.assign(comparable=settled | ((table["images"] > 1) & (lead > 0)), confidence=confidence)


def _wrong_side(row: pd.Series, compared: pd.Series) -> ImageFinding:
    """Return the finding on an image whose side a letter or other images contradict."""
    side = SIDES[str(row["laterality"])]
    if compared["by_marker"]:
        contradiction = _describe_marker(str(row["side_marker"]), str(row["laterality"]))
        return finding(row, SIDE, f"It states the {side} breast, and {contradiction}.", compared["confidence"])
    if compared["by_machine"]:
        others = "almost all images of its machine"
    elif compared["comparable"]:
        others = "most others of its exam"
    else:
        others = "the only other one of its exam, which may be the wrong one"
    reason = f"It states the {side} breast, and faces the other way than {others}."
    return finding(row, SIDE, reason, compared["confidence"])


def _describe_marker(marker: str, laterality: str) -> str:
    """Say how a burnt-in letter contradicts the stated side."""
    letter = marker[-1]
    if not marker.startswith("mirrored"):
        return f"the letter {letter} is burnt into it"
    if letter == laterality:
        return f"the letter {letter} that is burnt into it is mirrored: so is the image"
    return f"a mirrored letter {letter} is burnt into it: it shows the {SIDES[letter]} breast, mirrored"


def wrong_views(
    manifest: pd.DataFrame, pictures: ViewPictures, groups: np.ndarray
) -> tuple[list[ImageFinding], list[SkippedCheck]]:
    """Return the images whose view, CC or MLO, contradicts their pixels.

    Classifiers learn the two views from other patients' images; that a breast usually has one of each view counts, too.

    Args:
        manifest: of a store.
        pictures: of its images.
        groups: (n,), patients, of whom those that share an exposure are one.
    """
    standard = manifest["view"].isin(["CC", "MLO"]).to_numpy()
    table = manifest[standard]
    is_mlo = (table["view"] == "MLO").to_numpy(int)
    patients = [len(np.unique(groups[standard][is_mlo == view])) for view in (0, 1)]
    if min(patients) < MIN_PATIENTS:
        reason = f"At least {MIN_PATIENTS} patients with CC and as many with MLO are needed to learn the views."
        return [], [SkippedCheck(check=VIEW, reason=reason)]
    of_standard = ViewPictures(pictures.features[standard], pictures.thumbnails[standard])
    by_pixels = wrong_view_log_odds(of_standard, is_mlo, groups[standard], exam_of(table).to_numpy(str))
    wrong = by_pixels + _pair_odds(table)
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
