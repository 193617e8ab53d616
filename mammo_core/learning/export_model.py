"""Export the best checkpoint of a run as a model folder, evaluated and verified."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from mammo_core.dataset.lesion_annotations import boxes_in_input
from mammo_core.dataset.marks import marks_on
from mammo_core.dataset.store import parse_geometry
from mammo_core.documents.card import ModelCard
from mammo_core.documents.metrics import Part
from mammo_core.documents.progress import ShouldStop, never_stop
from mammo_core.documents.verification import VERIFICATION
from mammo_core.evaluation.baselines import STATISTICS, image_statistics
from mammo_core.evaluation.calibration import Calibration, fit_platt
from mammo_core.evaluation.localisation import LesionImage, localisation
from mammo_core.evaluation.ood import OODDetector, fit_detector, ood_features
from mammo_core.evaluation.operating import choose_threshold
from mammo_core.evaluation.report import evaluate
from mammo_core.learning._tensorflow import keras
from mammo_core.learning.cam_network import CamNetwork
from mammo_core.learning.cancellation import Cancelled, StopSignal, image_batches
from mammo_core.learning.model_card import OPERATING_POLICY, build_card
from mammo_core.learning.network_pass import NetworkPass, ood_indices, run_network
from mammo_core.learning.networks import load
from mammo_core.learning.refit import REFIT, REFIT_STATE, join_parts
from mammo_core.learning.trained_run import EvaluatedNetwork, TrainedRun
from mammo_core.learning.training_data import TrainingData
from mammo_core.learning.verification import verification_process, verify
from mammo_core.models.bundle import (
    CARD,
    EVALUATION,
    MODEL,
    OOD_DETECTOR,
    PREDICTIONS,
    PREPROCESSING,
    SAVED_PROBABILITY,
    TRAINING_IMAGES,
    write_card,
    write_ood_detector,
)
from mammo_core.models.provenance import write_provenance
from mammo_core.storage.atomic import atomic_path

CHECKPOINT = "checkpoint.keras"
STOPPED_RUN_IMAGES = 200  # about so many of each part: a stopped run is evaluated in less than ten seconds
MIN_CAM_SCALE = 1e-6
PREDICTION_COLUMNS = [  # kept with the predictions: identity, and what subgroups and baselines need
    "patient_id", "image_id", "laterality", "view", "label", "part", "age", "site_id", "machine_id", "density", "implant",
]  # fmt: skip


def export_model(trained: TrainedRun, stop_signal: StopSignal, on_phase: Callable[[str], None]) -> TrainingData:
    """Evaluate, save and verify a model, and write its card last.

    The saved model is verified in a fresh process.

    Evaluation takes minutes for large data. Once a stop is requested, it starts again on a sample of the patients.

    Args:
        trained: the run.
        stop_signal: checked at every batch.
        on_phase: called with a text at the start of each phase.

    Returns:
        The data on which the model was evaluated.

    Raises:
        ModelError: the saved model can't be loaded again, or then predicts something else.
    """
    if not stop_signal.is_set():
        with suppress(Cancelled):
            evaluated = _export(trained, stop_signal.is_set, on_phase)
            if trained.refitted:  # otherwise it may yet be resumed
                for name in (REFIT, REFIT_STATE):
                    (trained.run / name).unlink(missing_ok=True)
            return evaluated
    sample = trained.data.sample(STOPPED_RUN_IMAGES, trained.plan.config.seed)
    return _export(replace(trained, data=sample), never_stop, on_phase)


def _export(trained: TrainedRun, should_stop: ShouldStop, on_phase: Callable[[str], None]) -> TrainingData:
    for name in (CARD, VERIFICATION):  # of the same run before it was resumed; without a card there is no model
        (trained.run / name).unlink(missing_ok=True)
    split = trained.plan.split
    write_provenance(
        trained.run / TRAINING_IMAGES, join_parts(split) if trained.refitted else split, trained.plan.start
    )
    with verification_process(trained.run, trained.plan.store) as process:
        on_phase("Evaluating the best model")
        card = write_model_files(trained, should_stop)
        on_phase("Verifying the saved model in a fresh process")
        verify(trained.run, process, should_stop)
    write_card(trained.run, card)
    return trained.data


def write_model_files(trained: TrainedRun, should_stop: ShouldStop = never_stop) -> ModelCard:
    """Write all files of the model folder except the card.

    These are the network, preprocessing, predictions, evaluation and OOD detector.

    Returns:
        The card, to be written once the model is verified.

    Raises:
        Cancelled: a stop is requested.
    """
    run, network = trained.run, load(trained.run / (REFIT if trained.refitted else CHECKPOINT))
    _save_network(network, run / MODEL)
    trained.plan.store.preprocessing.write(run / PREPROCESSING)
    evaluated = _evaluate(trained, network, should_stop)
    with atomic_path(run / PREDICTIONS) as path:
        evaluated.predictions.to_parquet(path, index=False)
    write_ood_detector(run / OOD_DETECTOR, evaluated.ood_detector)
    evaluated.report.write(run / EVALUATION)
    return build_card(trained, evaluated)


def _save_network(network: keras.Model, path: Path) -> None:
    """Save a network without the optimiser's state."""
    with atomic_path(path) as temporary:
        keras.Model(network.input, network.output, name=network.name).save(temporary)


def _evaluate(trained: TrainedRun, network: keras.Model, should_stop: ShouldStop) -> EvaluatedNetwork:
    """Evaluate a network on the held-out images.

    Raises:
        Cancelled: a stop is requested.
    """
    data = trained.data
    part, lesions = _evaluated_part(data), trained.plan.lesions
    lesion_indices = _lesion_indices(data, part, lesions)
    cam_indices = np.concatenate([_validation_positives(data), lesion_indices])
    table = _describe_images(data, should_stop)
    network_pass = run_network(CamNetwork(network), data, cam_indices, should_stop)
    unseen = _earlier_pass(trained, cam_indices, should_stop) if trained.refitted else network_pass
    predictions, calibration = _calibrated_predictions(table, network_pass, unseen)
    threshold = choose_threshold(predictions[predictions["part"] == "validation"], OPERATING_POLICY)
    report = evaluate(
        predictions[predictions["part"] == part],
        operating_point=threshold,
        part=part,
        training=table.loc[table["part"] == "train", ["label", "age", *STATISTICS]],
        validation=None if part == "validation" else predictions[predictions["part"] == "validation"],
    )
    ood_detector = fit_ood_detector(network_pass, data, should_stop)
    if trained.refitted:
        ood_detector = replace(ood_detector, threshold=fit_ood_detector(unseen, data, should_stop).threshold)
    own = unseen if part == "validation" else network_pass
    located = localisation(locate_lesions(own, data, lesions, lesion_indices, should_stop))
    if located is not None:
        marks = marks_on(trained.plan.marks, data.table["image_id"].iloc[lesion_indices].astype(str))
        located = located.model_copy(update={"marks": len(marks)})
    return EvaluatedNetwork(
        weights=int(network.count_params()),
        predictions=predictions,
        calibration=calibration,
        threshold=threshold,
        ood_detector=ood_detector,
        cam_scale=cam_scale(network_pass, data),
        report=report.model_copy(update={"localisation": located}),
    )


def _describe_images(data: TrainingData, should_stop: ShouldStop) -> pd.DataFrame:
    """Return metadata and image statistics of the selected images.

    Returns:
        A table with `PREDICTION_COLUMNS`, exam_id where known, and the statistics, indexed by the index of the image.
    """
    indices = np.flatnonzero(data.selected)
    statistics = pd.concat([image_statistics(images) for _, images in image_batches(data.images, indices, should_stop)])
    columns = [*PREDICTION_COLUMNS, *(name for name in ("exam_id",) if name in data.table)]
    return pd.concat([data.table.loc[indices, columns], statistics.set_index(indices)], axis=1)


def _earlier_pass(trained: TrainedRun, cam_indices: np.ndarray, should_stop: ShouldStop) -> NetworkPass:
    """Run the network from before it was trained once more over all but the test part.

    Args:
        trained: the run.
        cam_indices: see `run_network`.
        should_stop: likewise.
    """
    data = trained.data
    selected = data.selected & (data.table["part"] != "test").to_numpy()
    network = CamNetwork(load(trained.run / CHECKPOINT))
    return run_network(network, replace(data, selected=selected), cam_indices, should_stop)


def _calibrated_predictions(
    table: pd.DataFrame, network_pass: NetworkPass, unseen: NetworkPass
) -> tuple[pd.DataFrame, Calibration]:
    """Return the held-out rows with predictions, and the calibration.

    The calibration is fitted on the validation part.

    Args:
        table: see `_describe_images`.
        network_pass: of the saved network.
        unseen: of the network that hadn't seen the validation part; the same if the saved one hadn't.
    """
    held_out = table[table["part"] != "train"]
    is_validation = (held_out["part"] == "validation").to_numpy()
    raw = network_pass.probability_of(held_out.index.to_numpy())
    if unseen is not network_pass:
        held_out = held_out.assign(**{SAVED_PROBABILITY: raw})
        raw = raw.copy()
        raw[is_validation] = unseen.probability_of(held_out.index.to_numpy()[is_validation])
    predictions = held_out.assign(raw_probability=raw, label=held_out["label"].astype(int)).reset_index(drop=True)
    validation = predictions[predictions["part"] == "validation"]
    calibration = fit_platt(validation["label"], validation["raw_probability"])
    predictions["probability"] = calibration.apply(predictions["raw_probability"].to_numpy())
    return predictions, calibration


def fit_ood_detector(
    network_pass: NetworkPass, data: TrainingData, should_stop: ShouldStop = never_stop
) -> OODDetector:
    """Fit the OOD detector on training images; its threshold on validation images.

    Raises:
        Cancelled: a stop is requested.
    """
    parts = []
    for part in ("train", "validation"):
        features = []
        for batch, images in image_batches(data.images, ood_indices(data, part), should_stop):
            geometries = [parse_geometry(text) for text in data.table["geometry"].iloc[batch]]
            features.append(ood_features(images, geometries, network_pass.embedding_of(batch)))
        parts.append(np.concatenate(features))
    return fit_detector(*parts)


def locate_lesions(
    network_pass: NetworkPass,
    data: TrainingData,
    lesions: dict[str, pd.DataFrame],
    indices: np.ndarray,
    should_stop: ShouldStop = never_stop,
) -> Iterator[LesionImage]:
    """Yield activation map and lesion boxes of the images with known lesions.

    There are none if the network has no activation maps.

    Args:
        network_pass: with the activation maps of these images, if the network has any.
        data: the images.
        lesions: malignant lesions by image_id, see `TrainingPlan.lesions`.
        indices: int (k,), the images.
        should_stop: checked before each batch.

    Raises:
        Cancelled: a stop is requested.
    """
    if not network_pass.cams:
        return
    for batch, images in image_batches(data.images, indices, should_stop):
        for index, image in zip(batch.tolist(), images, strict=True):
            row = data.table.iloc[index]
            boxes = boxes_in_input(lesions[str(row["image_id"])], parse_geometry(row["geometry"]))
            yield LesionImage(str(row["patient_id"]), network_pass.cams[index], image > 0, boxes)


def cam_scale(network_pass: NetworkPass, data: TrainingData) -> float | None:
    """Return the scale of the activation maps: their median peak, in logits.

    The median is over the positive images of the validation part; None if the network has no activation maps.
    """
    if not network_pass.cams:
        return None
    peaks = [network_pass.cams[index].max() for index in _validation_positives(data).tolist()]
    return max(float(np.median(peaks)), MIN_CAM_SCALE)


def _evaluated_part(data: TrainingData) -> Literal["validation", "test"]:
    return "test" if len(data.indices("test")) else "validation"


def _validation_positives(data: TrainingData) -> np.ndarray:
    validation = data.indices("validation")
    return validation[data.labels[validation] == 1]


def _lesion_indices(data: TrainingData, part: Part, lesions: dict[str, pd.DataFrame]) -> np.ndarray:
    """Return the images of a part that have malignant lesions, int (k,)."""
    indices = data.indices(part)
    known = data.table["image_id"].iloc[indices].astype(str).isin(lesions.keys()).to_numpy()
    return indices[known]
