"""Training runs made of the files that a trainer writes; nothing is trained."""

import os

import pandas as pd

from builders.models import model_card, write_model_files
from builders.predictions import predictions
from mammo_core.documents.card import PartCounts
from mammo_core.documents.metrics import METRICS, EpochRecord, StartRecord, append_record
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.training import TrainJob
from mammo_core.models.bundle import PREDICTIONS, write_card
from mammo_core.workspace import Workspace

COUNTS = PartCounts(images=4, patients=2, positive_images=1, positive_patients=1)
START = StartRecord(time=0.0, parts={"train": COUNTS, "validation": COUNTS, "test": COUNTS})


def epoch_record(number: int, validation_auc: float = 0.5) -> EpochRecord:
    """Return the record of an epoch."""
    return EpochRecord(
        time=0.0, epoch=number, seconds=1.0, loss=0.5, val_loss=0.25, auc=0.75, val_auc=validation_auc, accuracy=0.5,
        val_accuracy=0.5, learning_rate=1e-3,
    )  # fmt: skip


def write_training_run(
    workspace: Workspace,
    name: str,
    state: str = "finished",
    epochs: int = 2,
    age_seconds: float = 0.0,
    **settings: object,
) -> JobFolder:
    """Write the folder of a run without a model.

    Args:
        workspace: the folders to work in.
        name: of the run.
        state: its last written state.
        epochs: how many are finished; each has a higher validation AUC than the one before.
        age_seconds: how long before its end it was requested.
        settings: of its configuration.
    """
    folder = JobFolder(workspace.models / name)
    folder.write_request(TrainJob(name=name, config=TrainingConfig.from_settings({"store": "demo", **settings})))
    folder.write_state(state, f"{name} ended.")
    for record in (START, *(epoch_record(number, number / 10) for number in range(1, epochs + 1))):
        append_record(folder.path / METRICS, record)
    requested = folder.written_state().time - age_seconds
    os.utime(folder.path / "work.json", (requested, requested))
    return folder


def write_model_run(
    workspace: Workspace, name: str, tested: pd.DataFrame | None = None, **options: object
) -> JobFolder:
    """Write the folder of a finished run with a model.

    Args:
        workspace: the folders to work in.
        name: of the run.
        tested: its predictions for the test part, see `builders.predictions`; None for those of 120 patients.
        options: see `write_training_run`.
    """
    folder = workspace.models / name
    write_model_files(folder)
    (predictions() if tested is None else tested).assign(part="test").to_parquet(folder / PREDICTIONS, index=False)
    write_card(folder, model_card(name=name))
    return write_training_run(workspace, name, **options)  # type: ignore[arg-type]
