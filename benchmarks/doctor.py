"""Count how many planted faults the data doctor reports.

    python -m benchmarks.doctor [SOURCE] [--patients 150] [--seed 77] [--rows 1024] [--label-noise 0.05] [--out FOLDER]
    python -m benchmarks.doctor [SOURCE] --exchanges 40 [--patients 150] [--seed 77] [--rows 1024] [--out FOLDER]
    python -m benchmarks.doctor --store FOLDER
    python -m benchmarks.doctor [SOURCE] --large [54706] [--patients 150] [--out FOLDER]

SOURCE is a data set in the RSNA layout; without it, phantoms are generated. Copies of its images are planted under other
patients (re-encoded with loss, re-windowed, mirrored, cropped by up to 5 %), and images are mirrored, called the other view
or labelled wrongly. The data set is imported and checked. The peer that finds duplicates is a perceptual hash of 256 bits
over the same prepared images. Real sources stay where they are: sound images are linked.

With --exchanges, images are exchanged, two by two, between patients, for those of the same side and view, and nothing else is
planted. With --store, images of a checked store are so exchanged in memory, many times over, see `_exchanged_images`.

With --large nothing is planted; the images are repeated with noise, so many times that the check of a large store can be timed.
"""

import argparse
import sys
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
from scipy import fft
from sklearn.metrics import roc_auc_score

from benchmarks._exchanged_images import measure_exchanges
from benchmarks._large_check import MAP, measure_large_check
from benchmarks._planted_faults import Faults, PlantedFaults, plant_faults
from benchmarks._report import Report
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.joined_patients import joined_patients
from mammo_core.dataset.store import Store, open_store, read_store
from mammo_core.doctor.image_features import ImageFeatures, store_features
from mammo_core.doctor.sides_and_views import compare_sides, wrong_views
from mammo_core.doctor.suspect_labels import LabelSuspicion, label_suspicion
from mammo_core.doctor.table_contradictions import exam_of
from mammo_core.doctor.view_classifier import ViewPictures
from mammo_core.documents.doctor_report import DoctorReport, ImageFinding
from mammo_core.documents.image_map import ImageMap
from mammo_core.documents.import_report import ImportReport
from mammo_core.documents.manifest import SideMarker
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.documents.progress import ignore_progress, never_stop
from mammo_core.errors import ImageError
from mammo_core.jobs.doctor import DoctorJob
from mammo_core.jobs.importing import import_job
from mammo_core.jobs.process import run_for_result
from mammo_core.phantoms.generate import generate
from mammo_core.phantoms.spec import DemoSpec
from mammo_core.preprocess.prepare import prepare_source
from mammo_core.preprocess.side_marker import read_side_marker
from mammo_core.workspace import Workspace

NAME = "planted"
LARGE = 54_706  # images of RSNA's training part
SURE = 0.9  # confidence from which a wrong side counts as reported
RECALL, PRECISION, FALSE_PER_THOUSAND, MIN_AUROC = 0.95, 0.9, 1.0, 0.8
HASH_SIDE, HASHED = 16, 64  # bits a side; pixels a side before the transform
TIMED = 40  # images of which the time to prepare them is measured
DRAWS = 20  # of wrong views
HASH_DISTANCE = 40  # of 256 bits, up to which two hashes count as equal


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, nargs="?")
    parser.add_argument("--patients", type=int, default=150, help="of the phantoms that are generated without a source")
    parser.add_argument("--seed", type=int, default=77, help="of these phantoms")
    parser.add_argument("--rows", type=int, default=1024, help="of these phantoms; 2776 is a detector's full size")
    parser.add_argument("--duplicates", type=int, default=200)
    parser.add_argument("--faults", type=int, default=40, help="wrong sides, and as many wrong views")
    parser.add_argument("--label-noise", type=float, default=0.05)
    parser.add_argument("--exchanges", type=int, default=0, help="images that are exchanged between patients")
    parser.add_argument("--store", type=Path, help="folder of a checked store, of which images are exchanged in memory")
    parser.add_argument("--large", type=int, nargs="?", const=LARGE, metavar="IMAGES", help="time the check of so many")
    parser.add_argument("--out", type=Path, help="folder for data and store, which then stay")
    options = parser.parse_args(arguments)
    if options.store:
        return measure_store(read_store(options.store, options.store.parents[1]))
    with TemporaryDirectory() as temporary:
        folder = options.out or Path(temporary)
        source = options.source or folder / "phantoms"
        if options.source is None:
            columns = options.rows * 3 // 4
            generate(source, DemoSpec(options.patients, options.seed, rows=options.rows, columns=columns))
        if options.large:
            return measure_large(source, folder, options.large)
        faults = Faults(options.duplicates, options.faults, options.faults, label_noise=options.label_noise)
        if options.exchanges:
            faults = Faults(0, 0, 0, options.exchanges)
        planted = plant_faults(read_catalogue(source), folder / NAME, faults)
        workspace = Workspace(folder / "data", folder / "models")
        run_for_result(import_job(workspace, str(folder / NAME), NAME), workspace, ImportReport)
        began = time.monotonic()
        report = run_for_result(DoctorJob(store=NAME), workspace, DoctorReport)
        seconds = time.monotonic() - began
        return summarise(open_store(workspace, NAME), report, planted, seconds, time_of_letters(source))


def time_of_letters(source: Path) -> float:
    """Return the share of the time to prepare an image that reading its letters takes."""
    table = read_catalogue(source).table
    files = [Path(str(file)) for file in table["file"].dropna()[:TIMED]]
    spent: list[float] = []

    def timed(*arguments: Any) -> SideMarker:
        began = time.thread_time()
        marker = read_side_marker(*arguments)
        spent.append(time.thread_time() - began)
        return marker

    with mock.patch("mammo_core.preprocess.prepare.read_side_marker", timed):
        for _ in range(2):  # letters are drawn in the first round
            spent.clear()
            began = time.thread_time()
            for file in files:
                with suppress(ImageError):  # demo data has damaged files on purpose
                    prepare_source(file, PreprocessingConfig())
    return sum(spent) / (time.thread_time() - began)


def measure_store(store: Store) -> int:
    """Print what is reported of images that are exchanged, and return the exit status."""
    report = Report()
    measure_exchanges(store, kept_features(store), report)
    return report.summarise()


def measure_large(source: Path, folder: Path, images: int) -> int:
    """Print how long the check of so many images takes, and return the exit status."""
    workspace = Workspace(folder / "data", folder / "models")
    run_for_result(import_job(workspace, str(source), NAME), workspace, ImportReport)
    run_for_result(DoctorJob(store=NAME), workspace, DoctorReport)
    store, report = open_store(workspace, NAME), Report()
    measure_large_check(workspace, store, kept_features(store), images, report)
    return report.summarise()


def summarise(
    store: Store, checked: DoctorReport, planted: PlantedFaults, seconds: float, share_of_letters: float
) -> int:
    """Print what was reported of what was planted, and return the exit status.

    Args:
        store: the imported data.
        checked: what the check reports.
        planted: what was planted.
        seconds: that the check took.
        share_of_letters: see `time_of_letters`.
    """
    report = Report()
    report.add("Checked", f"{checked.checked:,} images, {checked.checked / seconds:.0f} a second")
    manifest = store.manifest()
    true_patient = dict(zip(manifest["image_id"], manifest["patient_id"], strict=True))
    true_patient |= {copy: true_patient.get(image, copy) for image, copy in planted.duplicates}
    pairs = {(pair.image_a, pair.image_b) for pair in checked.duplicates if pair.relation == "other patients"}
    report.add(MAP, f"{ImageMap.read(store.folder / ImageMap.file_name).kept:.2f}")
    if planted.duplicates:
        _add_pairs(report, "Duplicates", pairs, planted, true_patient, is_target=True)
        _add_pairs(report, "Perceptual hash", _hash_pairs(store, manifest), planted, true_patient, is_target=False)
    sides = [finding for finding in checked.contradictions if finding.check == "side" and finding.confidence >= SURE]
    views = [finding for finding in checked.contradictions if finding.check == "view"]
    copies = {copy for (_, copy), kind in planted.duplicates.items() if kind == "mirrored"}
    _add_findings(report, "Wrong sides", sides, planted.mirrored, copies)
    _add_either_side(report, manifest, checked, planted.mirrored, copies)
    _add_findings(report, "Wrong views", views, planted.wrong_views)
    _add_misfiled(report, checked, planted.exchanged)
    _add_drawn_views(report, store, checked, planted)
    _add_comparable_sides(report, manifest.reset_index(drop=True), sides, planted.mirrored)
    _add_markers(report, manifest, planted)
    report.add("Letters beside the breast: share of the time to prepare an image", f"{share_of_letters:.3f}")
    for skipped in checked.skipped:
        report.add(f"Not checked: {skipped.check}", skipped.reason)
    if planted.wrong_labels:
        _add_labels(report, store, checked, planted)
    return report.summarise()


def _add_pairs(
    report: Report,
    name: str,
    pairs: Collection[tuple[str, str]],
    planted: PlantedFaults,
    true_patient: dict[str, str],
    *,
    is_target: bool,
) -> None:
    either_way = {frozenset(pair) for pair in pairs}
    hits = {kind: [] for kind in sorted(set(planted.duplicates.values()))}
    for pair, kind in planted.duplicates.items():
        hits[kind].append(frozenset(pair) in either_way)
    recall = float(np.mean([hit for of_kind in hits.values() for hit in of_kind]))
    wrong = sum(len({true_patient[image] for image in pair}) == 2 for pair in either_way)
    rate = 1000 * wrong / len(true_patient)
    targets = (f"{RECALL}", f"{FALSE_PER_THOUSAND}") if is_target else ("", "")
    report.add(f"{name}: recall", f"{recall:.3f}", targets[0], reached=recall >= RECALL or not is_target)
    for kind, of_kind in hits.items():
        report.add(f"{name}: recall, {kind}", f"{np.mean(of_kind):.2f}")
    reached = rate <= FALSE_PER_THOUSAND or not is_target
    report.add(f"{name}: wrong pairs in a thousand images", f"{rate:.1f}", targets[1], reached=reached)


def _add_findings(
    report: Report, name: str, findings: list[ImageFinding], true: Collection[str], also_true: Collection[str] = ()
) -> None:
    """Add recall and precision.

    Args:
        report: to which they are added.
        name: of the fault.
        findings: what the check reports.
        true: images with the fault.
        also_true: images that have it and count neither for nor against the check, such as mirrored copies.
    """
    if not true:
        return
    reported = {finding.image_id for finding in findings} - set(also_true)
    recall, precision = len(reported & set(true)) / len(true), len(reported & set(true)) / max(len(reported), 1)
    report.add(f"{name}: recall", f"{recall:.2f}", f"{PRECISION}", reached=recall >= PRECISION)
    report.add(f"{name}: precision", f"{precision:.2f}", f"{PRECISION}", reached=precision >= PRECISION)


def _add_either_side(
    report: Report, manifest: pd.DataFrame, checked: DoctorReport, mirrored: Collection[str], copies: Collection[str]
) -> None:
    """Add recall and precision of wrong sides with the pairs of which one is wrong.

    Where the two images of an exam differ and nothing else tells which one is wrong, the check reports both. Such a pair is right
    if one of them was mirrored.
    """
    if not mirrored:
        return
    exams = dict(zip(manifest["image_id"].astype("str"), exam_of(manifest), strict=True))
    reported: dict[str, set[str]] = {}
    for finding in checked.contradictions:
        if finding.check == "side" and finding.image_id not in copies:
            key = finding.image_id if finding.confidence >= SURE else exams[finding.image_id]
            reported.setdefault(key, set()).add(finding.image_id)
    pairs = sum(key not in images for key, images in reported.items())
    hits = set().union(*reported.values()) & set(mirrored)
    right = sum(not images.isdisjoint(mirrored) for images in reported.values())
    recall, precision = len(hits) / len(mirrored), right / max(len(reported), 1)
    report.add("Wrong sides, with pairs of which one is wrong: pairs", f"{pairs}")
    report.add("Wrong sides, with these pairs: recall", f"{recall:.2f}")
    report.add("Wrong sides, with these pairs: precision", f"{precision:.2f}")


def _add_misfiled(report: Report, checked: DoctorReport, exchanged: dict[str, str]) -> None:
    """Add recall and precision of misfiled images; how many, if none was planted."""
    if not exchanged:
        return report.add("Misfiled images: reported, of none that were planted", f"{len(checked.misfiled)}")
    right = [each for each in checked.misfiled if {each.image_id, each.compared} & set(exchanged)]
    precision = len(right) / max(len(checked.misfiled), 1)
    report.add("Misfiled images: recall", f"{len(right) / len(exchanged):.2f} of {len(exchanged)}")
    report.add("Misfiled images: precision", f"{precision:.2f}", f"{PRECISION}", reached=precision >= PRECISION)
    named = [each for each in right if each.exchanged]
    partners = sum(exchanged.get(each.image_id) == each.nearer for each in named)
    report.add("Misfiled images: right partner, where one is named", f"{partners} of {len(named)}")


def _add_drawn_views(report: Report, store: Store, checked: DoctorReport, planted: PlantedFaults) -> None:
    """Add recall and precision of wrong views that are drawn several times."""
    if not planted.wrong_views:
        return
    manifest, features = store.manifest().reset_index(drop=True), kept_features(store)
    names = manifest["image_id"].astype("str")
    other = manifest["view"].map({"CC": "MLO", "MLO": "CC"}).fillna(manifest["view"])
    manifest["view"] = manifest["view"].where(~names.isin(planted.wrong_views), other)
    copied = {image for pair in planted.duplicates for image in pair}
    candidates = np.flatnonzero(manifest["view"].isin(["CC", "MLO"]) & ~names.isin(copied))
    groups = joined_patients(manifest["patient_id"], checked.duplicates).to_numpy(str)
    shares = []
    for seed in range(DRAWS):
        drawn = np.random.default_rng(seed).choice(candidates, len(planted.wrong_views), replace=False)
        stated = manifest.copy()
        stated.loc[drawn, "view"] = stated.loc[drawn, "view"].map({"CC": "MLO", "MLO": "CC"})
        findings, _ = wrong_views(stated, ViewPictures(features.means, features.thumbnails), groups)
        reported = {finding.image_id for finding in findings}
        hits = len(reported & set(names[drawn]))
        shares.append((hits / len(drawn), hits / max(len(reported), 1)))
    for name, of_draws in zip(("recall", "precision"), np.transpose(shares), strict=True):
        value = f"{of_draws.mean():.2f} ({of_draws.min():.2f} to {of_draws.max():.2f})"
        reached = bool(of_draws.mean() >= PRECISION)
        report.add(f"Wrong views, mean of {DRAWS} draws: {name}", value, f"{PRECISION}", reached=reached)


def _add_comparable_sides(
    report: Report, manifest: pd.DataFrame, findings: list[ImageFinding], mirrored: Collection[str]
) -> None:
    """Add the recall of the wrong sides that letters or other images can tell of."""
    names = manifest.loc[compare_sides(manifest).query("comparable").index, "image_id"].astype(str)
    comparable = set(names) & set(mirrored)
    if not comparable:
        return
    recall = len(comparable & {finding.image_id for finding in findings}) / len(comparable)
    report.add("Wrong sides: share that letters or other images can tell of", f"{len(comparable) / len(mirrored):.2f}")
    report.add("Wrong sides: recall among these", f"{recall:.2f}")


def _add_markers(report: Report, manifest: pd.DataFrame, planted: PlantedFaults) -> None:
    """Add how many burnt-in letters were read, and how many of them wrongly."""
    copies = {copy for (_, copy), kind in planted.duplicates.items() if kind == "mirrored"}
    true = manifest["laterality"].astype("str")
    is_copy = manifest["image_id"].astype("str").isin(copies)
    true = true.where(~is_copy, true.map({"L": "R", "R": "L"}))  # a mirrored copy states the other side
    mirrored = is_copy | manifest["image_id"].astype("str").isin(planted.mirrored)
    true = true.where(~mirrored, "mirrored " + true)
    legible = manifest["side_marker"] != "illegible"
    wrong = legible & (manifest["side_marker"] != true)
    report.add("Letters beside the breast: read", f"{int(legible.sum()):,} of {len(manifest):,} images")
    report.add(
        "Letters beside the breast: read, of the mirrored", f"{int((legible & mirrored).sum())} of {mirrored.sum()}"
    )
    report.add("Letters beside the breast: not as planted or stated", f"{int(wrong.sum())}")


def _add_labels(report: Report, store: Store, checked: DoctorReport, planted: PlantedFaults) -> None:
    manifest = store.manifest().reset_index(drop=True)
    features = kept_features(store)
    seen = np.concatenate([features.suspicious, features.lesion_contrast[:, np.newaxis]], axis=1)
    suspicion = label_suspicion(
        manifest, seen, joined_patients(manifest["patient_id"], checked.duplicates).to_numpy(str)
    )
    if not isinstance(suspicion, LabelSuspicion):
        report.add("Wrong labels", suspicion.reason)
        return
    keys = zip(suspicion.table["patient_id"].astype(str), suspicion.table["laterality"].astype(str), strict=True)
    wrong = pd.Series([key in planted.wrong_labels for key in keys])
    auroc = float(roc_auc_score(wrong, suspicion.table["suspicion"]))
    report.add("Wrong labels: AUC of the classifier", f"{suspicion.auc:.2f}")
    target = f"{MIN_AUROC}" if suspicion.auc >= MIN_AUROC else ""
    report.add("Wrong labels: AUROC of the suspicion", f"{auroc:.2f}", target, reached=auroc >= MIN_AUROC or not target)


def kept_features(store: Store) -> ImageFeatures:
    """Return the features of a checked store's images."""
    features = store_features(
        store, store.manifest().reset_index(drop=True), _all_are_kept, ignore_progress, never_stop
    )
    assert isinstance(features, ImageFeatures), "nobody has stopped it"
    return features


def _all_are_kept() -> None:
    raise AssertionError("the check has computed all features")


def _hash_pairs(store: Store, manifest: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the pairs of different patients whose perceptual hashes are about equal.

    A bit of the hash tells whether one of the lowest 16 × 16 cosine coefficients of the image lies above their median.
    """
    images = store.images(manifest["png"].tolist())
    blocks = images.reshape(len(images), HASHED, images.shape[1] // HASHED, HASHED, images.shape[2] // HASHED)
    low = fft.dctn(blocks.mean(axis=(2, 4)), axes=(1, 2))[:, :HASH_SIDE, :HASH_SIDE].reshape(len(images), -1)
    bits = np.where(low > np.median(low, axis=1, keepdims=True), 1.0, -1.0).astype(np.float32)
    distance = (bits.shape[1] - bits @ bits.T) / 2
    patients = manifest["patient_id"].to_numpy(str)
    first, second = np.nonzero((distance <= HASH_DISTANCE) & (patients[:, np.newaxis] < patients))
    names = manifest["image_id"].to_numpy(str)
    return list(zip(names[first], names[second], strict=True))


if __name__ == "__main__":
    sys.exit(main())
