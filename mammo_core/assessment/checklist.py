"""Tell how far a user's data have come, from a data set to a model in use."""

from collections.abc import Sequence
from dataclasses import dataclass

from mammo_core.assessment.model_table import model_table
from mammo_core.dataset.library import list_datasets
from mammo_core.dataset.store import Store, list_stores
from mammo_core.documents.job import RunSummary
from mammo_core.errors import DataError
from mammo_core.workspace import Workspace


@dataclass(frozen=True)
class Step:
    """One step from data to predictions.

    Attributes:
        page: name of the page on which it is done.
        title: what is done.
        state: what there is, or what to do; it quotes names.
        done: whether it is done.
    """

    page: str
    title: str
    state: str
    done: bool


def checklist(workspace: Workspace, runs: Sequence[RunSummary]) -> list[Step]:
    """Return the steps from data to predictions with their state.

    They are about the user's own data sets; about synthetic ones where there are no others.

    Args:
        workspace: holds data sets and prepared stores.
        runs: the runs and models, see `mammo_core.jobs.runs.list_runs`.
    """
    datasets = list_datasets(workspace)
    datasets = [dataset for dataset in datasets if not dataset.synthetic] or datasets
    names = {dataset.name for dataset in datasets}
    stores = [store.name for store in list_stores(workspace) if _dataset_of(store) in names]
    table = model_table(workspace, runs)
    trained = [row for row in table.to_dict("records") if row["data"] in names and row["state"] != "shipped"]
    evaluated = [f"{row['model']}: AUC {row['AUC by breast (95 % CI)']}" for row in trained if row["verdict"]]
    in_use = [str(row["model"]) for row in trained if row["active"]]
    return [
        _step("data", "Add data", sorted(names), "Link a folder in the RSNA layout, or create demo data."),
        _step("data", "Import", stores, "Convert DICOM to small PNG images. Can be stopped and resumed."),
        _step("train", "Train", [str(row["model"]) for row in trained], "One click; curves are shown while it trains."),
        _step("models", "Evaluate", evaluated, "Scores on unseen patients, with baselines and 95 % intervals."),
        _step("models", "Activate", in_use, "Choose which model predicts on the Predict page."),
    ]


def _step(page: str, title: str, names: Sequence[str], advice: str) -> Step:
    shown = [*names[:3], f"{len(names) - 3} more"] if len(names) > 4 else names
    return Step(page, title, ", ".join(shown) or advice, bool(names))


def _dataset_of(store: Store) -> str | None:
    """Return the name of the data set that a store was made from, if it is known."""
    try:
        return store.source().dataset
    except DataError:
        return None  # the Data page reports what is wrong with it
