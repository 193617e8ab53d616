"""Compare models and baselines on a prepared store of real mammograms.

    python -m benchmarks.real STORE [--models age,compact] [--folds 5] [--divisions 1] [--out FOLDER] [--epochs 12]

Every method predicts each patient once, in patient folds, fitted to the other folds only. A network that is trained here is
trained once more at the end, on training and validation patients, so that all methods use the same ones. Two Markdown tables
go to standard output: the AUC of each method by breast and by image, and paired differences, all with 95 % confidence
intervals over patients. A file results.md beside the runs adds date, machine, counts and caveats, ready for docs/results.md.

With several divisions, all of it is repeated with other folds, validation patients and seeds of training, and each AUC is that
of all divisions' pairs: less of it is chance.

The figures have no targets, so nothing is reported as reached or missed: what a model reaches on real images is the result.

It takes minutes to hours. A killed or interrupted run resumes with the same command: finished folds are read, not trained
again. A method that can't run has a row that says why.
"""

import argparse
import os
import platform
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks._cross_validation import METHODS, CrossValidation, open_divisions
from mammo_core.cli.output import screen
from mammo_core.documents.estimate import Estimate
from mammo_core.documents.preprocessing_config import describe_size
from mammo_core.documents.units import Unit
from mammo_core.errors import MammoError
from mammo_core.evaluation import metrics
from mammo_core.evaluation.bootstrap import resample_weights
from mammo_core.evaluation.intervals import gain_estimate, rank_estimate
from mammo_core.evaluation.metrics import Ranking, Sample
from mammo_core.evaluation.tables import MISSING, format_ci
from mammo_core.evaluation.units import to_unit
from mammo_core.storage.atomic import write_bytes
from mammo_core.workspace import Workspace

FOLD = "fold"  # column of the scores: the fold that an image is in
WITH_AGE = "+age"  # ends the key of a network's score that is combined with age
REPORTED: tuple[Unit, ...] = ("breast", "image")
REFERENCES = ("age", "compact")  # every other method is compared with these
FURTHER_PAIRS = (
    ("fine_tuned", "frozen"),
    ("shipped_fine_tuned", "shipped"),
    ("shipped_head", "shipped"),
    ("shipped_head", "frozen"),  # what phantoms add to ImageNet
    ("shipped_fine_tuned", "fine_tuned"),  # likewise
)
CAVEATS = (
    "Only breasts or images of the same fold are compared: each fold's network has a scale of its own (Forman & Scholz 2010, "
    "doi:10.1145/1882471.1882479).",
    "The many differences are not corrected for their number.",
    "A model that reads no more than age or machine from an image hasn't learnt to see cancer.",
)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", help="name of the prepared store")
    parser.add_argument("--models", type=parse_methods, default=list(METHODS), help=f"any of {','.join(METHODS)}")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--divisions", type=int, default=1, help="into folds, over which AUCs are averaged")
    parser.add_argument("--out", type=Path, help="folder of the runs and results.md; models/real-STORE by default")
    parser.add_argument("--epochs", type=int, help="of each training, at most; by default the project's default")
    options = parser.parse_args(arguments)
    workspace = Workspace.from_environment()
    out = options.out or workspace.models / f"real-{options.store}"
    try:
        divisions = open_divisions(workspace, options.store, options.folds, options.divisions, out, options.epochs)
    except MammoError as error:
        print(error, file=sys.stderr)
        return 1
    predicted = [predict(division, options.models) for division in divisions]
    images, scores = divisions[0].images, [division_scores for division_scores, _ in predicted]
    reasons = {key: reason for _, division_reasons in predicted for key, reason in division_reasons.items()}
    report = "\n\n".join([auc_table(images, scores, reasons), difference_table(images, scores)])
    write_bytes(out / "results.md", f"{describe(divisions, options.models)}\n\n{report}\n".encode())
    print(report)
    screen.print(f"With date, machine and caveats: {out / 'results.md'}", highlight=False)
    return 0


def parse_methods(text: str) -> list[str]:
    """Return the named methods in the order of `METHODS`."""
    names = set(text.split(","))
    if unknown := names - set(METHODS):
        raise argparse.ArgumentTypeError(f"no model {', '.join(sorted(unknown))}; choose from {', '.join(METHODS)}")
    return [key for key in METHODS if key in names]


def predict(validation: CrossValidation, methods: Iterable[str]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Predict all images by each method.

    Returns:
        The probabilities, one row an image and one column a method that could run, and one more for a
        network combined with age; the fold of each image; and why the other methods could not run.
    """
    scores, reasons = validation.fold_of_images().to_frame(FOLD), {}
    for key in methods:
        name, method = METHODS[key]
        screen.print(f"[bold]{name}[/]", highlight=False)
        try:
            predicted = method(validation)
        except MammoError as error:
            reasons[key] = str(error)
            screen.print(str(error), markup=False, highlight=False)
            continue
        scores[key] = predicted["probability"]
        if "with_age" in predicted:
            scores[key + WITH_AGE] = predicted["with_age"]
    return scores, reasons


def auc_table(images: pd.DataFrame, divisions: Sequence[pd.DataFrame], reasons: dict[str, str]) -> str:
    """Return the AUC of each method as a Markdown table.

    From the scores of each division.
    """
    rows, run = [], methods_run(divisions)
    for key in (key + end for key in METHODS for end in ("", WITH_AGE)):
        if key in run:
            aucs = (auc(tables(images, divisions, key, unit)) for unit in REPORTED)
            rows.append([title(key), *(format_ci(estimate) for estimate in aucs), ""])
        elif key in reasons:
            rows.append([title(key), *([MISSING] * len(REPORTED)), reasons[key]])
    return markdown_table(["AUC (95 % CI)", *(f"by {unit}" for unit in REPORTED), "not run because"], rows)


def difference_table(images: pd.DataFrame, divisions: Sequence[pd.DataFrame]) -> str:
    """Return the paired differences in AUC between methods as a Markdown table."""
    rows = []
    for key, other in pairs(methods_run(divisions)):
        gains = (
            difference(tables(images, divisions, key, unit), tables(images, divisions, other, unit))
            for unit in REPORTED
        )
        rows.append([f"{title(key)} − {title(other)}", *(format_difference(gain) for gain in gains)])
    return markdown_table(["Paired difference in AUC (95 % CI)", *(f"by {unit}" for unit in REPORTED)], rows)


def methods_run(divisions: Sequence[pd.DataFrame]) -> list[str]:
    """Return the methods that could run in every division."""
    return [key for key in divisions[0] if all(key in scores for scores in divisions)]


def format_difference(gain: Estimate) -> str:
    """Return a difference as text with signs, such as "+0.050 (-0.010 to +0.110)"."""
    if gain.value is None or gain.low is None or gain.high is None:
        return MISSING
    return f"{gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})"


def title(key: str) -> str:
    """Return the name of a score."""
    name = METHODS[key.removesuffix(WITH_AGE)][0]
    return f"{name}, with age" if key.endswith(WITH_AGE) else name


def pairs(run: Sequence[str]) -> list[tuple[str, str]]:
    """Return which methods are compared, of those that could run."""
    wanted = [
        (key, other)
        for number, other in enumerate(REFERENCES)
        for key in METHODS
        if key not in REFERENCES[: number + 1]
    ]
    with_age = [(key + WITH_AGE, "age") for key in METHODS]
    return [(key, other) for key, other in (*wanted, *with_age, *FURTHER_PAIRS) if key in run and other in run]


def units(images: pd.DataFrame, probability: pd.Series, unit: Unit) -> pd.DataFrame:
    """Return one row per unit, with patient_id, label and probability.

    And with fold, where images have one.
    """
    keys = [name for name in ("patient_id", "exam_id", "laterality", "label", FOLD) if name in images]
    return to_unit(images[keys].assign(probability=probability), unit)


def tables(images: pd.DataFrame, divisions: Sequence[pd.DataFrame], key: str, unit: Unit) -> list[pd.DataFrame]:
    """Return the units of each division with a method's scores."""
    return [units(images.assign(fold=scores[FOLD]), scores[key], unit) for scores in divisions]


def auc(divisions: Sequence[pd.DataFrame]) -> Estimate:
    """Return the mean AUC of the divisions, with its interval over patients.

    Args:
        divisions: the same units in the same order, with fold and probability of each division.
    """
    value, samples = mean_auc(divisions)
    return rank_estimate(divisions[0], value, samples, is_auc=True)


def difference(divisions: Sequence[pd.DataFrame], others: Sequence[pd.DataFrame]) -> Estimate:
    """Return the paired difference of two methods' mean AUC.

    The arguments are those of `auc`, one for each method.
    """
    value, samples = mean_auc(divisions)
    other_value, other_samples = mean_auc(others)  # of the same draws of patients
    return gain_estimate(divisions[0], value - other_value, samples - other_samples)


def mean_auc(divisions: Sequence[pd.DataFrame]) -> tuple[float, np.ndarray]:
    """Return the AUC within folds, and that of each resample of patients.

    It is the share of pairs of a positive and a negative unit of the same fold, over all divisions, that are ordered rightly.
    """
    rankings = [
        (rows, Ranking(table["label"].iloc[rows], table["probability"].iloc[rows]))
        for table in divisions
        for rows in table.groupby(FOLD).indices.values()
    ]

    def resampled(weights: np.ndarray) -> np.ndarray:
        samples = [Sample(ranking, weights[:, rows]) for rows, ranking in rankings]
        pairs = np.stack([(sample.negatives * sample.positives)[:, 0] for sample in samples])
        ordered = np.nan_to_num([metrics.auc(sample) for sample in samples]) * pairs
        total = pairs.sum(axis=0)
        return np.divide(ordered.sum(axis=0), total, out=np.full_like(total, np.nan), where=total > 0)

    table = divisions[0]
    draws = [resampled(weights) for weights in resample_weights(table["patient_id"])]
    return float(resampled(np.ones((1, len(table))))[0]), np.concatenate(draws)


def describe(divisions: Sequence[CrossValidation], methods: list[str]) -> str:
    """Return in Markdown what the tables were made from, and their caveats."""
    validation, count = divisions[0], len(divisions)
    images, store = validation.images, validation.store
    counts = "; ".join(
        f"{len(table):,} {unit}s, {table['label'].sum():,} positive"
        for unit in (*REPORTED, "patient")
        for table in [units(images, images["label"], unit)]
    )
    chance = "one seed, one division into folds"
    if count > 1:
        chance = f"of that, {count} divisions into folds and seeds average out a part"
    caveats = [f"Each interval covers the choice of patients, not chance in training: {chance}.", *CAVEATS]
    if store.source().synthetic:
        caveats.insert(0, "The images are synthetic: these figures say nothing about real mammograms.")
    if validation.epochs is not None:
        caveats.append(f"Trainings were limited by --epochs {validation.epochs}.")
    size, folds = describe_size(store.preprocessing.size), f"{validation.folds} patient folds"
    if count > 1:
        folds = f"mean of {count} divisions into {folds}"
    return "\n".join(
        [
            f"## {store.name}, {date.today():%Y-%m-%d}",
            "",
            f"{counts}. Images of {size} pixels, {folds}. Machine: {machine()}. Command: `python -m benchmarks.real "
            f"{store.name} --folds {validation.folds} --divisions {count} --models {','.join(methods)}`.",
            "",
            *(f"- {caveat}" for caveat in caveats),
        ]
    )


def machine() -> str:
    """Return this machine's CPU model and its number of cores."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return f"{model}, {os.cpu_count()} cores"


def markdown_table(header: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown; a bar within a cell is escaped."""
    lines = [header, ["---"] * len(header), *([cell.replace("|", r"\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
