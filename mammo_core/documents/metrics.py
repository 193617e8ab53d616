"""The records of a training run's metrics.jsonl, one JSON object per line.

    start    the run began; how many images and patients each part has
    step     training metrics, at most twice a second and at the end of each epoch
    epoch    training and validation metrics of a finished epoch
    resume   the run was continued after an interruption

The trainer writes them; learning curves and lists of runs read them.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from mammo_core.documents.base import Document
from mammo_core.documents.card import PartCounts
from mammo_core.errors import DataError
from mammo_core.storage.json_files import append_json_line, read_json_lines

METRICS = "metrics.jsonl"  # in a run's folder

Part = Literal["train", "validation", "test"]
PhaseName = Literal["training", "head", "fine_tuning"]


class StartRecord(Document):
    """The first record of a run.

    Attributes:
        kind: of the record.
        time: seconds since 1970, as in every record.
        parts: counts of each part of the split.
    """

    schema_version: Literal[1] = 1
    kind: Literal["start"] = "start"
    time: float
    parts: dict[Part, PartCounts]


class StepRecord(Document):
    """Training metrics after some steps of an epoch.

    Attributes:
        kind: of the record.
        time: seconds since 1970.
        epoch: from 1.
        step: steps done in this epoch.
        steps: steps of an epoch.
        loss: categorical cross-entropy in nats, mean over the steps since the previous record.
        accuracy: of the training images, from the beginning of the epoch.
        auc: of the training images, from the beginning of the epoch.
    """

    kind: Literal["step"] = "step"
    time: float
    epoch: int
    step: int
    steps: int
    loss: float
    accuracy: float
    auc: float


class EpochRecord(Document):
    """Metrics of a finished epoch.

    Attributes:
        kind: of the record.
        time: seconds since 1970.
        epoch: from 1.
        seconds: duration, validation included.
        loss: of the training images, mean over the epoch, with augmentation and treated imbalance.
        accuracy: of the training images, likewise.
        auc: of the training images, likewise.
        val_loss: of the validation part at natural prevalence, after the epoch.
        val_accuracy: of the validation part, likewise.
        val_auc: of the validation part, likewise.
        learning_rate: at the end of the epoch.
        phase: of the training: "head" and "fine_tuning" for a pretrained network.
        lesion_loss: binary cross-entropy of the lesion map, mean over the epoch; None if no lesions supervise it.
    """

    kind: Literal["epoch"] = "epoch"
    time: float
    epoch: int
    seconds: float
    loss: float
    accuracy: float
    auc: float
    val_loss: float
    val_accuracy: float
    val_auc: float
    learning_rate: float
    phase: PhaseName = "training"
    lesion_loss: float | None = None


class ResumeRecord(Document):
    """The run was continued; records after the last finished epoch have been removed.

    Attributes:
        kind: of the record.
        time: seconds since 1970.
        epoch: epochs finished before.
    """

    kind: Literal["resume"] = "resume"
    time: float
    epoch: int


MetricsRecord = Annotated[StartRecord | StepRecord | EpochRecord | ResumeRecord, Field(discriminator="kind")]
_RECORDS: TypeAdapter[list[MetricsRecord]] = TypeAdapter(
    list[MetricsRecord], config=ConfigDict(hide_input_in_errors=True)
)
# by the number of the line
_EPOCHS: TypeAdapter[dict[int, EpochRecord]] = TypeAdapter(
    dict[int, EpochRecord], config=ConfigDict(hide_input_in_errors=True)
)


def read_metrics(run: Path) -> list[MetricsRecord]:
    """Read the metrics that a run has written so far.

    Args:
        run: the run's folder. Without metrics the list is empty; an incomplete last line is left out.

    Raises:
        DataError: a line is not a metrics record.
    """
    try:
        return _RECORDS.validate_python(read_json_lines(run / METRICS))
    except ValidationError as error:
        line = error.errors()[0]["loc"][0]
        raise _unknown_record(run, line + 1 if isinstance(line, int) else 1) from None


def read_epochs(run: Path) -> list[EpochRecord]:
    """Read the records of a run's finished epochs.

    Only these are checked: a run has many times more of steps.

    Raises:
        DataError: a line is not JSON, or the record of an epoch not one of this version.
    """
    numbered = dict(enumerate(read_json_lines(run / METRICS), 1))
    epochs = {
        number: line for number, line in numbered.items() if isinstance(line, dict) and line.get("kind") == "epoch"
    }
    try:
        return list(_EPOCHS.validate_python(epochs).values())
    except ValidationError as error:
        raise _unknown_record(run, error.errors()[0]["loc"][0]) from None


def read_last_epoch(run: Path) -> int | None:
    """Return the last finished epoch of a run; None before the first.

    Raises:
        DataError: see `read_epochs`.
    """
    return max((record.epoch for record in read_epochs(run)), default=None)


def _unknown_record(run: Path, number: int | str) -> DataError:
    return DataError(
        f"Record {number} in {METRICS} of the run {run.name} is not one that this version wrote. "
        "Delete the run, or restore the file."
    )


def append_record(path: Path, record: MetricsRecord) -> None:
    """Append a record to a metrics file, as one line."""
    append_json_line(path, record.to_json())
