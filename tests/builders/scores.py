"""Labelled data sets without images, and CSV files of scores for them."""

from pathlib import Path

import pandas as pd

from mammo_core.dataset.catalogue import Catalogue, read_catalogue
from mammo_core.workspace import Workspace


def labelled_set(workspace: Workspace, table: pd.DataFrame, name: str = "set") -> Catalogue:
    """Write a data set's CSV and return its catalogue.

    Args:
        workspace: holds the data set.
        table: one row per image, as `builders.predictions.predictions` makes it; its probability is left out.
        name: of the data set.
    """
    folder = workspace.data / name
    folder.mkdir(parents=True)
    rows = table.rename(columns={"label": "cancer"}).drop(columns="probability", errors="ignore")
    rows.to_csv(folder / "train.csv", index=False)
    return read_catalogue(folder)


def csv_bytes(table: pd.DataFrame, **options: object) -> bytes:
    """Return a table as the bytes of a CSV file."""
    return table.to_csv(index=False, **options).encode()


def image_scores(table: pd.DataFrame) -> pd.DataFrame:
    """Return image_id and score of a table of predictions."""
    return table[["image_id", "probability"]].rename(columns={"probability": "score"})


def both_sides(table: pd.DataFrame, path: Path | None = None) -> pd.DataFrame:
    """Return the scores as NYU's breast_cancer_classifier writes them: a row per exam, without names.

    Args:
        table: one row per image, with probability.
        path: of a file to which the patients are written, in the order of the rows; None writes none.
    """
    breasts = table.groupby(["patient_id", "laterality"])["probability"].mean().unstack()
    if path is not None:
        path.write_text("\n".join(breasts.index) + "\n")
    return pd.DataFrame(
        {
            "left_benign": 0.1,
            "right_benign": 0.2,
            "left_malignant": breasts["L"].to_numpy(),
            "right_malignant": breasts["R"].to_numpy(),
        }
    )
