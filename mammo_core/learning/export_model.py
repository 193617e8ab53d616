"""The end of a run: from its best checkpoint to a model folder that is judged, saved whole and verified."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from mammo_core.dataset.lesion_annotations import boxes_in_input, read_lesions
from mammo_core.dataset.store import Store, parse_geometry
from mammo_core.documents.card import CalibrationRecord, DataProvenance, MetricsSummary, ModelCard, PartCounts
from mammo_core.documents.operating_point import OperatingPoint, Policy
from mammo_core.documents.report import Part
from mammo_core.evaluation import STATISTICS, choose_threshold, evaluate, fit_platt, image_statistics
from mammo_core.evaluation.calibration import Calibration
from mammo_core.evaluation.localisation import LesionImage, localisation
from mammo_core.evaluation.ood import OODDetector, fit_detector, ood_features
from mammo_core.learning.callbacks.validation import predict
from mammo_core.learning.cancellation import Cancelled, ShouldStop, StopSignal, batches, never_stop
from mammo_core.learning.config import TrainingConfig
from mammo_core.learning.networks import class_activation_map, load, with_feature_output
from mammo_core.learning.plan import TrainingData, describe
from mammo_core.learning.verification import VERIFICATION, verifier, verify
from mammo_core.models.bundle import (
    CARD,
    EVALUATION,
    MODEL,
    OOD_DETECTOR,
    PREDICTIONS,
    PREPROCESSING,
    write_card,
    write_ood_detector,
)
from mammo_core.preprocess import to_tensor
from mammo_core.storage.atomic import atomic_path
from mammo_core.storage.json_files import write_json

CHECKPOINT = "checkpoint.keras"
OPERATING_POLICY: Policy = "specificity_90"
REFERENCE_IMAGES = 4_000  # of a part, at most: more don't change what is usual
STOPPED_IMAGES = (
    200  # of a part, about, that a stopped run is judged by: under ten seconds, whatever the size of the data
)
KEPT = (  # of the manifest, with the predictions: who it was, and what subgroups and baselines need
    "patient_id", "image_id", "laterality", "view", "label", "part", "age", "site_id", "machine_id", "density", "implant",
)  # fmt: skip
LIMITS = (
    "Research use only. Not a medical device; not for any decision about a patient.",
    "At 256 pixels a pixel is about a millimetre: masses can show, microcalcifications can't.",
)
SYNTHETIC_LIMIT = "Trained on synthetic images only: what it says about a real mammogram has no meaning."


@dataclass(frozen=True)
class Trained:
    """A run that has learnt what it will learn.

    Attributes:
        run: its folder, with the best checkpoint.
        config: of the run.
        store: that its images come from.
        data: those images.
        best_epoch: of the checkpoint.
    """

    run: Path
    config: TrainingConfig
    store: Store
    data: TrainingData
    best_epoch: int


def complete(trained: Trained, stop_signal: StopSignal, tell: Callable[[str], None]) -> TrainingData:
    """Make the model folder: judge, save, verify in a fresh process, and write the card last.

    Once someone asks to stop, the judging, which takes minutes for a large data set, is done again on a sample of patients.

    Args:
        trained: the run.
        stop_signal: asked all the time.
        tell: called with what is being done.

    Returns:
        The data that the model was judged on.

    Raises:
        ModelError: the saved model can't be loaded again, or says something else then.
    """
    if not stop_signal.is_set():
        with suppress(Cancelled):
            return _complete(trained, stop_signal.is_set, tell)
    return _complete(replace(trained, data=trained.data.sample(STOPPED_IMAGES, trained.config.seed)), never_stop, tell)


def _complete(trained: Trained, should_stop: ShouldStop, tell: Callable[[str], None]) -> TrainingData:
    for name in (CARD, VERIFICATION):  # of the same run before it went on; no card: no model
        (trained.run / name).unlink(missing_ok=True)
    with verifier(trained.run, trained.store.folder) as process:
        tell("Judging the best model")
        card = finish(trained, should_stop)
        tell("Verifying the saved model in a fresh process")
        verify(trained.run, process, should_stop)
    write_card(trained.run, card)
    return trained.data


def finish(trained: Trained, should_stop: ShouldStop = never_stop) -> ModelCard:
    """Write the files of the model folder: network, preprocessing, predictions, evaluation, OOD detector.

    Returns:
        The card, which is to be written once the model is verified.

    Raises:
        Cancelled: someone asks to stop.
    """
    run, data, store = trained.run, trained.data, trained.store
    best = load(run / CHECKPOINT)
    with atomic_path(run / MODEL) as path:
        keras.Model(best.input, best.output, name=best.name).save(path)  # without the optimiser's state
    write_json(run / PREPROCESSING, store.preprocessing.to_json())

    table = _described(data, should_stop)
    predictions, calibration = _predictions(best, data, table, should_stop)
    with atomic_path(run / PREDICTIONS) as path:
        predictions.to_parquet(path, index=False)
    threshold = choose_threshold(predictions[predictions["part"] == "validation"], OPERATING_POLICY)
    evaluated: Part = "test" if (predictions["part"] == "test").any() else "validation"
    report = evaluate(
        predictions[predictions["part"] == evaluated],
        operating_point=threshold,
        part=evaluated,
        training=table.loc[table["part"] == "train", ["label", "age", *STATISTICS]],
    )
    write_ood_detector(run / OOD_DETECTOR, fit_ood_detector(best, data, should_stop))
    where = localisation(locate(best, data, store, evaluated, should_stop))
    report = report.model_copy(update={"localisation": where})
    report.write(run / EVALUATION)
    return ModelCard(
        name=run.name,
        created=datetime.now(UTC).replace(microsecond=0),
        network=trained.config.network,
        weights=int(best.count_params()),
        best_epoch=trained.best_epoch,
        config=trained.config,
        data=_data_provenance(trained),
        preprocessing_identity=store.preprocessing.identity,
        metrics=MetricsSummary(
            part=report.part,
            unit=report.unit,
            n=report.n,
            positives=report.positives,
            patients=report.patients,
            **report.figures_of_merit(),
        ),
        calibration=CalibrationRecord(
            method="Platt scaling on the validation images", slope=calibration.slope, intercept=calibration.intercept
        ),
        cam_scale=_cam_scale(best, data, should_stop),
        operating_point=OperatingPoint(threshold=threshold, policy=OPERATING_POLICY),
        limits=(*([SYNTHETIC_LIMIT] if store.source().synthetic else []), *LIMITS, *data.shortened()),
    )


def _data_provenance(trained: Trained) -> DataProvenance:
    """Return where the images came from, without the paths of this machine."""
    source = trained.store.source()
    return DataProvenance(
        store=trained.store.name,
        dataset=source.dataset,
        synthetic=source.synthetic,
        generator=source.generator,
        parts={name: PartCounts(**counts) for name, counts in describe(trained.data.table).items()},
    )


def _described(data: TrainingData, should_stop: ShouldStop) -> pd.DataFrame:
    """Return `KEPT` and the statistics of the images that are looked at, which are the index."""
    places = np.flatnonzero(data.looked_at)
    statistics = pd.concat([image_statistics(data.images[batch]) for batch in batches(places, should_stop)])
    return pd.concat([data.table.loc[places, list(KEPT)], statistics.set_index(places)], axis=1)


def _predictions(
    model: keras.Model, data: TrainingData, table: pd.DataFrame, should_stop: ShouldStop
) -> tuple[pd.DataFrame, Calibration]:
    """Return the held-out rows with what the model says of them, and the calibration learnt from the validation part."""
    held_out = table[table["part"] != "train"]
    raw = predict(model, data.images, held_out.index.to_numpy(), should_stop)
    predictions = held_out.assign(raw_probability=raw, label=held_out["label"].astype(int)).reset_index(drop=True)
    validation = predictions[predictions["part"] == "validation"]
    calibration = fit_platt(validation["label"], validation["raw_probability"])
    predictions["probability"] = calibration.apply(predictions["raw_probability"].to_numpy())
    return predictions, calibration


def fit_ood_detector(model: keras.Model, data: TrainingData, should_stop: ShouldStop = never_stop) -> OODDetector:
    """Learn from the training and validation images what an image that the model knows is like.

    Raises:
        Cancelled: someone asks to stop.
    """
    network = with_feature_output(model)
    parts = []
    for part in ("train", "validation"):
        places = data.places(part)
        if len(places) > REFERENCE_IMAGES:
            places = np.random.default_rng(0).choice(places, REFERENCE_IMAGES, replace=False)
        described = []
        for batch in batches(places, should_stop):
            geometries = [parse_geometry(text) for text in data.table["geometry"].iloc[batch]]
            described.append(ood_features(data.images[batch], geometries, embed(network, data.images[batch])))
        parts.append(np.concatenate(described))
    return fit_detector(*parts)


def locate(
    model: keras.Model, data: TrainingData, store: Store, part: str, should_stop: ShouldStop = never_stop
) -> list[LesionImage]:
    """Return heat and lesions of the part's positive images whose lesions are known; none without an activation map.

    Raises:
        Cancelled: someone asks to stop.
    """
    network, lesions = with_feature_output(model), read_lesions(store.csv.parent)
    if lesions is None or len(network.outputs) == 1:
        return []
    malignant = dict(list(lesions[lesions["malignant"] == 1].groupby("image_id")))
    places = data.places(part)
    known = data.table["image_id"].iloc[places].astype(str).isin(malignant.keys()).to_numpy()
    found = []
    for batch in batches(places[known], should_stop):
        for place, cam in zip(
            batch, class_activation_map(network, features_of(network, data.images[batch])), strict=True
        ):
            row = data.table.iloc[place]
            geometry = parse_geometry(row["geometry"])
            boxes = boxes_in_input(malignant[str(row["image_id"])], geometry)
            found.append(LesionImage(str(row["patient_id"]), cam, data.images[place] > 0, boxes))
    return found


def features_of(network: keras.Model, images: np.ndarray) -> np.ndarray:
    """Return the features, float32 (b, h, w, c), of a batch of images.

    Args:
        network: see `with_feature_output`; it has some.
        images: uint8 (b, size, size).
    """
    return np.asarray(network.predict_on_batch(to_tensor(images))[1])[: len(images)]


def embed(network: keras.Model, images: np.ndarray) -> np.ndarray:
    """Return the mean features of a batch of images, float64 (b, c); (b, 0) for a network without an activation map.

    Args:
        network: see `with_feature_output`.
        images: uint8 (b, size, size).
    """
    if len(network.outputs) == 1:
        return np.empty((len(images), 0))
    return features_of(network, images).mean(axis=(1, 2)).astype(np.float64)


def _cam_scale(model: keras.Model, data: TrainingData, should_stop: ShouldStop) -> float | None:
    """Return what the hottest place of the median positive image adds to the logit; None without an activation map."""
    network, places = with_feature_output(model), data.places("validation")
    if len(network.outputs) == 1:
        return None
    peaks = [
        class_activation_map(network, features_of(network, data.images[batch])).max(axis=(1, 2))
        for batch in batches(places[data.labels[places] == 1], should_stop)
    ]
    return max(float(np.median(np.concatenate(peaks))), 1e-6)
