"""Measure how difficult the phantoms are.

The shipped model is compared with ten global image statistics, on new patients.

    python -m benchmarks.difficulty [--patients 200] [--seed 77]

Lesions must be detected, not guessed from brightness: the compact network should reach a breast-level AUC of 0.85 to 0.95,
and a logistic regression on the statistics (patient-grouped cross-validation) less than 0.65. Otherwise the exit status
is 1.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks._report import Report
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.errors import ImageError
from mammo_core.evaluation import metrics
from mammo_core.evaluation.baselines import image_statistics
from mammo_core.evaluation.bootstrap import bootstrap, interval
from mammo_core.evaluation.metrics import Ranking
from mammo_core.evaluation.units import to_breasts
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import DEMO, model_folder
from mammo_core.phantoms.generate import generate
from mammo_core.phantoms.spec import DemoSpec
from mammo_core.prediction.predictor import Predictor
from mammo_core.preprocess.prepare import prepare_source
from mammo_core.workspace import Workspace


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, default=200)
    parser.add_argument("--seed", type=int, default=77)
    options = parser.parse_args()
    predictor = Predictor(open_bundle(model_folder(Workspace.from_environment(), DEMO)))
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder), DemoSpec(patients=options.patients, seed=options.seed, prevalence=0.5))
        table, images = prepared(read_catalogue(Path(folder)).table, predictor)
    table["model"] = np.concatenate(
        [predictor.probabilities(part) for part in np.array_split(images, len(images) // 64 + 1)]
    )
    table["statistics"] = cross_val_predict(
        make_pipeline(StandardScaler(), LogisticRegression()),
        image_statistics(images),
        table["label"],
        groups=table["patient_id"],
        cv=GroupKFold(5),
        method="predict_proba",
    )[:, 1]
    report = Report(name_width=30)
    add_auc(report, "compact network, as shipped", table, "model", (0.85, 0.95))
    add_auc(report, "ten global image statistics", table, "statistics", (0.0, 0.65))
    return report.summarise()


def prepared(table: pd.DataFrame, predictor: Predictor) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the rows whose image can be prepared, and the images."""
    images: dict[str, np.ndarray] = {}
    for row in table.dropna(subset=["file"]).itertuples():
        try:
            images[row.image_id] = prepare_source(Path(row.file), predictor.bundle.preprocessing).image
        except ImageError as error:
            print(f"left out: {error}")
    rows = table[table["image_id"].isin(images)].reset_index(drop=True)
    return rows.assign(label=rows["cancer"].astype(int)), np.stack([images[image] for image in rows["image_id"]])


def add_auc(report: Report, name: str, table: pd.DataFrame, column: str, target: tuple[float, float]) -> None:
    """Add the breast-level AUC of a column of probabilities.

    Its interval is over patients.
    """
    breasts = to_breasts(table[["patient_id", "laterality", "label"]].assign(probability=table[column]))
    ranking = Ranking(breasts["label"], breasts["probability"])
    value = ranking.value(metrics.auc)
    low, high = interval(bootstrap(breasts["patient_id"], {"auc": (ranking, metrics.auc)})["auc"])
    counts = f"{len(breasts)} breasts, {breasts['label'].sum()} positive"
    text = f"AUC {value:.3f} (95 % CI {low:.3f}–{high:.3f}), {counts}"
    report.add(name, text, f"{target[0]:g}–{target[1]:g}", target[0] <= value <= target[1])


if __name__ == "__main__":
    sys.exit(main())
