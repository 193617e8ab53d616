"""Bytes and a model → a probability and a heatmap an image, then a breast, then a patient.

Bytes are decoded in a sandboxed worker; the network runs in this process.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mammo_core.dataset.catalogue import image_name
from mammo_core.dataset.library import known_views
from mammo_core.dataset.store import open_store
from mammo_core.dicom import patient_key
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.errors import ConfigError, DataError, ImageError
from mammo_core.evaluation import Calibration, evaluate, standing_report, to_breasts, to_patients
from mammo_core.evaluation.familiarity import Reference, describe_inputs
from mammo_core.evaluation.localisation import heat_outside
from mammo_core.models import IMAGE, REFERENCE, Bundle
from mammo_core.preprocess import to_source, to_tensor
from mammo_core.uploads import File, Upload, read_upload

UNKNOWN = "unknown"
BATCH = 64  # images a forward pass
SAID = ["images", "probability", "recall", "unlike_training"]  # of a breast or patient


@dataclass(frozen=True)
class Prediction:
    """What a model says of one file; `error` is a sentence where it can't say anything.

    Attributes:
        file: the name that the user gave it.
        upload: the file's contents, None with an error.
        probability: calibrated probability of the positive class in [0, 1], None with an error.
        heat: float32 (h, w) in [0, 1]: what each place of the model input adds to the positive logit, where 1 is what the
            hottest place of a typical positive validation image adds; None if the network has no activation map.
        strangeness: distance from the training images; above 1 the image is unlike them. None with an error.
        error: what went wrong, for a person.
    """

    file: str
    upload: Upload | None = None
    probability: float | None = None
    heat: np.ndarray | None = None
    strangeness: float | None = None
    error: str | None = None

    @property
    def strange(self) -> bool:
        """Whether the image is unlike those that the model learnt from, so that its answer says nothing."""
        return self.strangeness is not None and self.strangeness > 1

    def without_arrays(self) -> "Prediction":
        """Return the answer alone: of many thousand files nobody keeps the pictures in memory."""
        if self.upload is None:
            return self
        nothing = np.empty((0, 0), np.uint8)
        return replace(self, upload=replace(self.upload, picture=nothing, model_input=nothing), heat=None)

    def heatmap(self) -> np.ndarray | None:
        """Return the heat over the picture, float32 (rows, columns) in [0, 1]."""
        if self.upload is None or self.heat is None:
            return None
        rows, columns = self.upload.picture.shape
        return to_source(self.heat, self.upload.geometry, rows, columns)

    def heat_outside(self) -> float | None:
        """Return the share of the heat that lies outside the breast, in [0, 1]; None without a heatmap."""
        if self.upload is None or self.heat is None:
            return None
        return heat_outside(self.heat, self.upload.model_input > 0)

    def to_json(self) -> dict[str, Any]:
        """Return the `images` entry of the command line's document."""
        found = self.upload
        return {
            "file": self.file,
            "patient": found and found.patient,
            "laterality": found and found.laterality,
            "view": found and found.view,
            "probability": self.probability,
            "unlike_training": self.strange if self.upload else None,
            "error": self.error,
        }


@dataclass(frozen=True)
class Answer:
    """What a model says of several files.

    Attributes:
        model: the model's name.
        threshold: its operating point.
        images: one prediction a file.
        breasts: table of patient, laterality, images, probability, recall, and unlike_training: whether any of its images
            is. An image whose side isn't known belongs to no breast.
        patients: table of patient, images, probability, recall and unlike_training, over those breasts.
    """

    model: str
    threshold: float
    images: list[Prediction]
    breasts: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=pd.Index(["patient", "laterality", *SAID]))
    )
    patients: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=pd.Index(["patient", *SAID])))

    def to_json(self) -> dict[str, Any]:
        """Return the command line's document."""
        return {
            "model": self.model,
            "threshold": self.threshold,
            "images": [image.to_json() for image in self.images],
            "breasts": self.breasts.to_dict("records"),
            "patients": self.patients.to_dict("records"),
        }

    def table(self) -> pd.DataFrame:
        """Return one row an image: its `images` entry, and what holds for its breast and patient, by which model."""
        table = pd.DataFrame([image.to_json() for image in self.images])
        for units, keys in ((self.breasts, ["patient", "laterality"]), (self.patients, ["patient"])):
            if len(units):
                said = units[[*keys, "probability", "recall"]]
                names = {
                    name: f"{keys[-1].replace('laterality', 'breast')}_{name}" for name in ("probability", "recall")
                }
                table = table.fillna({"patient": UNKNOWN}).merge(said.rename(columns=names), on=keys, how="left")
                what = ["patient", *names.values()]
                table[what] = table[what].astype(object).where(table["error"].isna())  # of others nothing is said
        return table.assign(model=self.model, threshold=self.threshold)

    def to_csv(self) -> str:
        """Return the image table as CSV text; files by their names alone, since folders may name patients."""
        table = self.table()
        return table.assign(file=[Path(name).name for name in table["file"]]).to_csv(index=False)

    def lines(self) -> Iterator[str]:
        """Yield the answer as lines of text for a terminal."""
        for image in self.images:
            yield f"{image.file}: " + (image.error or f"{image.probability:.3f}")
        for breast in self.breasts.to_dict("records"):
            decision = "recall" if breast["recall"] else "no recall"
            yield f"breast {breast['patient']} {breast['laterality']}: {breast['probability']:.3f}, {decision}"
        for patient in self.patients.to_dict("records"):
            decision = "recall" if patient["recall"] else "no recall"
            yield f"patient {patient['patient']}, highest breast: {patient['probability']:.3f}, {decision}"
        yield f"Model {self.model}, operating point {self.threshold:.3f}. Research use only, not a diagnosis."


class Output(NamedTuple):
    """What a network says of n model inputs.

    Attributes:
        probabilities: float64 (n,), calibrated, of the positive class.
        heat: float32 (n, h, w) in [0, 1], or None; see `Prediction.heat`.
        embedding: float64 (n, c), mean features; c is 0 for a network without an activation map.
    """

    probabilities: np.ndarray
    heat: np.ndarray | None
    embedding: np.ndarray


class Predictor:
    """A loaded network. Loading takes seconds, a prediction milliseconds, so keep one a model.

    Args:
        bundle: the model, already checked.
    """

    def __init__(self, bundle: Bundle) -> None:
        from mammo_core.learning.network import evidence, load, with_features

        self.bundle = bundle
        self.calibration = Calibration.from_json(bundle.card["calibration"])
        self.evidence, self.heat_scale = evidence, bundle.card["heat_scale"]
        self.reference = Reference.read(bundle.folder / REFERENCE)
        self.network = with_features(load(bundle.weights))
        self(
            np.zeros((1, bundle.contract.size, bundle.contract.size), np.uint8)
        )  # compiles, so that the first user needn't wait

    def __call__(self, images: np.ndarray) -> Output:
        """Return what the network says of model inputs, uint8 (n, size, size)."""
        outputs = self.network.predict_on_batch(to_tensor(images))
        if not isinstance(outputs, list | tuple):
            outputs = [outputs]
        probabilities = self.calibration.apply(np.asarray(outputs[0], np.float64)[:, 1])
        if len(outputs) == 1:
            return Output(probabilities, None, np.empty((len(images), 0)))
        features = np.asarray(outputs[1])
        heat = np.clip(self.evidence(self.network, features) / self.heat_scale, 0, 1).astype(np.float32)
        return Output(probabilities, heat, features.mean(axis=(1, 2), dtype=np.float64))


def predict_files(files: Sequence[File], predictor: Predictor, sandbox: Sandbox) -> Iterator[Prediction]:
    """Yield one prediction a file, in order; a file that can't be read gets an error and harms no other.

    Args:
        files: name and contents (or path) of each.
        predictor: the model.
        sandbox: where the bytes are decoded.
    """
    listed = known_views(image_name(name) for name, _ in files)
    waiting: deque[tuple[str, Callable[[], Upload]]] = deque()
    for name, data in files:
        waiting.append((name, sandbox.start(read_upload, data, name, predictor.bundle.contract)))
        if len(waiting) > sandbox.workers:  # no more: what waits is held in memory twice
            yield _predict(*waiting.popleft(), predictor, listed)
    while waiting:
        yield _predict(*waiting.popleft(), predictor, listed)


def _predict(
    name: str, upload_of: Callable[[], Upload], predictor: Predictor, listed: dict[str, tuple[str, str]]
) -> Prediction:
    try:
        return answer_to(upload_of(), predictor, listed)
    except ImageError as error:
        return Prediction(name, error=str(error))


def answer_to(upload: Upload, predictor: Predictor, listed: dict[str, tuple[str, str]]) -> Prediction:
    """Return what a model says of one file that could be read.

    Args:
        upload: the file.
        predictor: the model.
        listed: laterality and view by image_id, for files that don't say.
    """
    image_id, folder = image_name(upload.file), Path(upload.file).parent.name
    laterality, view = listed.get(image_id, (None, None))
    names_patient = folder.isdigit() and image_id.isdigit()  # RSNA's layout: <patient_id>/<image_id>.dcm
    upload = replace(
        upload,
        patient=upload.patient or (patient_key(folder) if names_patient else None),
        laterality=upload.laterality or laterality,
        view=upload.view or view,
    )
    image = upload.model_input[np.newaxis]
    probabilities, heat, embedding = predictor(image)
    strange = predictor.reference.strangeness(describe_inputs(image, [upload.geometry], embedding))
    return Prediction(
        upload.file, upload, float(probabilities[0]), None if heat is None else heat[0], strangeness=float(strange[0])
    )


def summarise(images: list[Prediction], bundle: Bundle) -> Answer:
    """Combine image predictions into breasts (mean of the images) and patients (highest breast)."""
    table = pd.DataFrame(
        [
            {
                "patient_id": image.upload.patient or UNKNOWN,
                "laterality": image.upload.laterality,
                "probability": image.probability,
                "images": 1,
                "unlike_training": image.strange,
            }
            for image in images
            if image.upload and image.upload.laterality
        ]
    )
    if table.empty:
        return Answer(bundle.name, bundle.threshold, images)
    breasts = _unit(table, to_breasts(table), ["patient_id", "laterality"], bundle.threshold)
    patients = _unit(table, to_patients(table), ["patient_id"], bundle.threshold)
    return Answer(bundle.name, bundle.threshold, images, breasts, patients)


def _unit(table: pd.DataFrame, combined: pd.DataFrame, keys: list[str], threshold: float) -> pd.DataFrame:
    """Return patient (and laterality), images, probability, recall and unlike_training of breasts or patients.

    Args:
        table: one row an image.
        combined: one row a unit, with keys and probability.
        keys: of the unit.
        threshold: the operating point.
    """
    counts = table.groupby(keys, as_index=False).agg({"images": "sum", "unlike_training": "max"})
    units = counts.merge(combined[[*keys, "probability"]], on=keys, validate="one_to_one")
    units["recall"] = units["probability"] >= threshold
    return units[[*keys, *SAID]].rename(columns={"patient_id": "patient"})


def predict_new(
    files: Sequence[File], keys: Sequence[str], predictor: Predictor, sandbox: Sandbox, known: dict[str, Prediction]
) -> list[Prediction]:
    """Return one prediction a file, and work only for those that aren't known yet.

    Args:
        files: name and contents (or path) of each.
        keys: what tells each file from all others of this user, and the same file again.
        predictor: the model.
        sandbox: where the bytes are decoded.
        known: one user's earlier predictions by model and key. New ones are added, those of files that are gone removed.
    """
    wanted = [f"{predictor.bundle.identity} {key}" for key in keys]
    new = {key: file for key, file in zip(wanted, files, strict=True) if key not in known}
    for key, prediction in zip(new, predict_files(list(new.values()), predictor, sandbox), strict=True):
        known[key] = prediction
    for key in known.keys() - set(wanted):
        del known[key]
    return [known[key] for key in wanted]


def evaluate_store(bundle: Bundle, name: str) -> dict[str, Any]:
    """Judge a model on a prepared store: on the patients from whom neither it nor what it started from has learnt.

    Returns:
        The report's document, with data and part: "all", or the held-out part if the store has patients that it knows.

    Raises:
        MammoError: the store isn't there, has no labels, or was prepared by another contract.
    """
    store = open_store(name)
    if store.contract != bundle.contract:
        raise ConfigError(f"The store {store.name} was prepared in another way than {bundle.name} expects.")
    table, judged = store.manifest(), bundle.judged()
    if store.name == bundle.card["data"]["store"] and len(judged.merge(table[IMAGE])) == len(judged):
        return {"data": store.name, **standing_report(bundle)}
    table = table[table["label"].notna()].reset_index(drop=True)
    met = bundle.met(table)
    part = "all" if met.isna().all() else bundle.evaluation()["part"]
    judged_by = (met == "validation") & table["patient_id"].isin(judged["patient_id"])  # where there was no test part
    table = table[met.isna() | judged_by].reset_index(drop=True)
    if table["label"].nunique() < 2:
        raise DataError(
            f"The store {store.name} doesn't hold both negative and positive images, so nothing can be judged."
        )
    predictor = Predictor(bundle)
    pngs = table["png"].to_list()
    probabilities = [predictor(store.images(pngs[start : start + BATCH]))[0] for start in range(0, len(pngs), BATCH)]
    predictions = table.assign(probability=np.concatenate(probabilities), label=table["label"].astype(int))
    return {
        "data": store.name,
        "part": part,
        **evaluate(predictions, operating_point=bundle.threshold),
    }
