"""Explore, prepare, train, evaluate and predict on screening mammograms.

The public interface:

    Workspace         the data and models folders that the functions below work in
    read_mammogram    read a DICOM file
    import_dataset    turn a data set into a prepared store
    train             train a network on a prepared store
    open_model        open and check a model
    evaluate          evaluate a model on patients that it has not seen
    predict_exams     predict from DICOM files

Each function does what one command does, and imports what it needs when it is called: `import mammo_core` stays light.
docs/quickstart.md shows all of them at work, docs/architecture.md the rooms behind them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mammo_core.workspace import Workspace

if TYPE_CHECKING:
    from mammo_core.dicom.mammogram import Mammogram
    from mammo_core.documents.import_report import ImportReport
    from mammo_core.documents.report import EvaluationReport
    from mammo_core.documents.training_result import TrainingResult
    from mammo_core.models.bundle import Bundle
    from mammo_core.prediction.exam_report import ExamReport

__version__ = "0.1.0"

__all__ = [
    "Workspace",
    "__version__",
    "evaluate",
    "import_dataset",
    "open_model",
    "predict_exams",
    "read_mammogram",
    "train",
]


def read_mammogram(file: str | Path) -> "Mammogram":
    """Read a DICOM file at full resolution, in modality values.

    Raises:
        ImageError: the file can't become a mammogram.
    """
    from mammo_core.dicom.read import read

    return read(Path(file))


def import_dataset(
    workspace: Workspace,
    source: str | Path,
    name: str | None = None,
    *,
    size: int | tuple[int, int] = 256,
    workers: int | None = None,
) -> "ImportReport":
    """Turn a data set into a prepared store, keeping what is there already.

    Args:
        workspace: the folders to work in.
        source: name of a data set in the data folder, or the path of its folder or CSV.
        name: of the prepared store; by default the data set's.
        size: of the prepared images in pixels, multiples of 32: the side of squares, or rows and columns.
        workers: processes; by default one for each core.

    Returns:
        How many images were prepared, skipped and quarantined.

    Raises:
        ConfigError: there are no images of this size.
        DataError: the data set can't be read, or the store holds images of another one.
        JobError: the import was stopped before its turn came.
    """
    from mammo_core.documents.import_report import ImportReport
    from mammo_core.jobs.importing import import_job
    from mammo_core.jobs.process import run_for_result

    job = import_job(workspace, str(source), name, size).model_copy(update={"workers": workers})
    return run_for_result(job, workspace, ImportReport)


def train(workspace: Workspace, store: str, **training_settings: Any) -> "TrainingResult":
    """Train a network on a prepared store, evaluate it, save it and verify it.

    Args:
        workspace: the folders to work in.
        store: name of the prepared store.
        training_settings: fields of `mammo_core.documents.training_config.TrainingConfig`, such as `epochs=5`.

    Returns:
        The run, which is also the model's name, and how it ended.

    Raises:
        ConfigError: a setting is unknown or outside its range.
        DataError: there is no such store.
        JobError: the training was stopped before its turn came.
    """
    from mammo_core.documents.training_config import TrainingConfig
    from mammo_core.documents.training_result import TrainingResult
    from mammo_core.jobs.process import run_for_result
    from mammo_core.jobs.training import train_job

    config = TrainingConfig.from_settings({"store": store, **training_settings})
    return run_for_result(train_job(workspace, config), workspace, TrainingResult)


def open_model(workspace: Workspace, name: str | None = None) -> "Bundle":
    """Open a model and check its files against its card.

    Args:
        workspace: the folders to work in.
        name: of the model; by default the active one. "demo" is the shipped model.

    Raises:
        ModelError: there is no such model, or it is incomplete or changed.
    """
    from mammo_core.models.bundle import open_bundle
    from mammo_core.models.registry import active_model, model_folder

    return open_bundle(model_folder(workspace, name or active_model(workspace)))


def evaluate(workspace: Workspace, model: "Bundle", store: str | None = None) -> "EvaluationReport":
    """Evaluate a model on patients that it has not seen.

    Args:
        workspace: the folders to work in.
        model: an opened model.
        store: name of a prepared store; by default the model's own held-out patients.

    Returns:
        Figures of merit with 95 % confidence intervals over patients, and baselines.

    Raises:
        DataError: there is no such store, or the model has seen its patients.
    """
    from mammo_core.assessment.report import current_report
    from mammo_core.assessment.store_evaluation import evaluate_store

    return current_report(workspace, model) if store is None else evaluate_store(workspace, model, store)


def predict_exams(workspace: Workspace, files: Sequence[str | Path], model: "Bundle") -> "ExamReport":
    """Predict from DICOM files, for each image, breast and patient.

    The files are decoded in processes of their own. In a script, call this below `if __name__ == "__main__":`, because
    these processes import the script.

    Args:
        workspace: the folders to work in; data sets in it tell the view of files that do not state it.
        files: DICOM files, folders and zip archives.
        model: an opened model.

    Returns:
        One result for each file, combined into breasts and patients.
    """
    from mammo_core.dicom.sandbox import Sandbox
    from mammo_core.prediction.files import find_files
    from mammo_core.prediction.predict import predict_exams as predict_files_as_exams
    from mammo_core.prediction.predictor import Predictor

    with Sandbox() as sandbox:
        return predict_files_as_exams(workspace, find_files([Path(file) for file in files]), Predictor(model), sandbox)
