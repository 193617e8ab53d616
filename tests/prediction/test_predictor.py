"""The predictor: the same input as in training, the stored probabilities, and the check for other kinds of images."""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from builders.breasts import mammogram
from builders.phantom_files import input_files, letter
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.errors import ImageError, MammoError, ModelError
from mammo_core.evaluation.ood import ood_features
from mammo_core.models.bundle import (
    MODEL,
    OOD_DETECTOR,
    PREDICTIONS,
    PREPROCESSING,
    TRAINING_IMAGES,
    open_bundle,
    write_card,
)
from mammo_core.models.registry import DEMO
from mammo_core.prediction.image_results import ImagePrediction, UnreadableImage
from mammo_core.prediction.predict import PredictionCache, predict_exams
from mammo_core.prediction.predictor import Predictor
from mammo_core.preprocess.prepare import ModelInput, prepare, prepare_source
from mammo_core.settings import SHIPPED_MODELS
from mammo_core.workspace import Workspace

ROW, COLUMN = np.mgrid[:512, :384]


@pytest.fixture(scope="module")
def shipped() -> Predictor:
    return Predictor(open_bundle(SHIPPED_MODELS / DEMO))


def predict(predictor: Predictor, files, sandbox) -> list:
    return list(predictor.predict_files(Workspace.from_environment(), files, sandbox))


def test_model_input_equals_png_used_in_training(finished, readable, trained, sandbox):
    """One preprocessing path: the tensor of an uploaded file is the PNG of the import, for the files of every machine."""
    manifest = pd.read_parquet(finished.data / "prepared" / "demo" / "manifest.parquet").set_index("image_id")
    predictions = predict(trained, input_files(readable.groupby("machine_id").head(2)), sandbox)
    assert len(predictions) >= 8
    for prediction in predictions:
        with Image.open(finished.data / "prepared" / "demo" / manifest.loc[prediction.file, "png"]) as png:
            assert np.array_equal(np.asarray(png), prediction.decoded.model_input)


def test_prediction_of_a_held_out_file_equals_the_stored_prediction(readable, trained, sandbox):
    stored = trained.bundle.predictions().set_index("image_id")["probability"]
    held_out = readable[readable["image_id"].isin(stored.index)].head(1)
    (prediction,) = predict(trained, input_files(held_out), sandbox)
    assert prediction.probability == pytest.approx(stored[prediction.file], abs=1e-5)


@pytest.mark.slow
def test_probabilities_equal_the_calibrated_output_of_the_network(shipped):
    size = shipped.bundle.preprocessing.size
    images = np.random.default_rng(0).integers(0, 256, (2, size, size), np.uint8)
    expected = shipped.calibration.apply(shipped.network.run(images).raw_probability)
    assert shipped.probabilities(images) == pytest.approx(expected, abs=1e-6)
    assert shipped.probabilities(images).shape == (2,)


def test_heatmap_matches_picture_size_and_stays_within_crop(readable, trained, sandbox):
    (prediction,) = predict(trained, input_files(readable.head(1)), sandbox)
    cam, geometry = prediction.heatmap(*prediction.picture.shape), prediction.decoded.geometry
    assert cam.shape == prediction.picture.shape
    assert 0 <= cam.min() <= cam.max() <= 1
    scale = cam.shape[1] / geometry.source_columns
    outside = cam[:, : int(geometry.left * scale)], cam[:, int(np.ceil(geometry.right * scale)) + 1 :]
    assert not any(part.any() for part in outside)


def test_predict_files_keeps_order_and_reports_unreadable_files(readable, trained, sandbox):
    files = input_files(readable.head(6))
    results = predict(trained, [*files[:3], letter(), *files[3:]], sandbox)
    assert [image.file for image in results] == [file.name for file in [*files[:3], letter(), *files[3:]]]
    assert isinstance(results[3], UnreadableImage)
    assert results[3].error.startswith(("Not a DICOM file", "This isn't a DICOM file"))
    assert all(image.decoded.view for image in results if isinstance(image, ImagePrediction))  # from the table


def test_probability_that_is_not_a_number_makes_the_file_unreadable(readable, trained, sandbox, monkeypatch):
    run = trained.network.run

    def run_to_nan(images, **options):
        output = run(images, **options)
        return replace(output, raw_probability=np.full_like(output.raw_probability, np.nan))

    monkeypatch.setattr(trained.network, "run", run_to_nan)
    (result,) = predict(trained, input_files(readable.head(1)), sandbox)
    assert isinstance(result, UnreadableImage)
    assert "not a number" in result.error


def test_eight_concurrent_sessions_get_the_same_predictions_as_serial(finished, readable, trained, sandbox):
    files = input_files(readable.head(16))
    serial = {image.file: fingerprint(image) for image in predict(trained, files, sandbox)}

    def session(seed: int) -> list[ImagePrediction]:
        order = np.random.default_rng(seed).permutation(len(files))
        chosen, cache = [files[index] for index in order[:10]], PredictionCache()
        for step in (4, 8, 10):  # as a user adds files
            report = predict_exams(finished, chosen[:step], trained, sandbox, cache=cache)
        assert [image.file for image in report.images] == [file.name for file in chosen]
        return report.predictions

    with ThreadPoolExecutor(8) as sessions:
        results = list(sessions.map(session, range(8)))
    assert [len(images) for images in results] == [10] * 8
    assert all(fingerprint(image) == serial[image.file] for images in results for image in images)


def fingerprint(image: ImagePrediction) -> tuple[str, str, float]:
    arrays = hashlib.sha256(image.decoded.model_input.tobytes() + image.decoded.picture.tobytes()).hexdigest()
    cam = hashlib.sha256(np.round(image.cam, 4).tobytes()).hexdigest()
    return arrays, cam, round(image.probability, 6)


def ood_scores(predictor: Predictor, inputs: list[ModelInput]) -> np.ndarray:
    images = np.stack([one.image for one in inputs])
    features = ood_features(
        images, [one.geometry for one in inputs], predictor.network.run(images, with_cam=False).embedding
    )
    return predictor.ood_detector.ood_score(features)


def ellipse(row: float, column: float, height: float, width: float) -> np.ndarray:
    return ((ROW - row) / height) ** 2 + ((COLUMN - column) / width) ** 2 < 1


def ct_slice() -> np.ndarray:
    body = 1000.0 * ellipse(256, 192, 150, 180)
    for lung in (ellipse(250, 110, 90, 60), ellipse(250, 270, 90, 60)):
        body[lung] = 200
    body[ellipse(350, 192, 30, 32)] = 1800
    return gaussian_filter(body, 1.5)


def knee() -> np.ndarray:
    leg = 900.0 * (abs(COLUMN - 192) < 90 + 15 * np.cos(ROW / 75))
    bones = ellipse(210, 192, 70, 75), (abs(COLUMN - 192) < 40) & (ROW < 210), (abs(COLUMN - 195) < 38) & (ROW > 280)
    for bone in bones:
        leg[bone] = 2200
    return gaussian_filter(leg, 2) + np.random.default_rng(0).normal(0, 40, leg.shape) * (leg > 0)


def noise() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 4095, ROW.shape).astype(float)


def clouds() -> np.ndarray:
    return 2000 + 5000 * gaussian_filter(np.random.default_rng(2).standard_normal(ROW.shape), 10)


def flat_disc() -> np.ndarray:
    return 2000.0 * ellipse(256, 0, 200, 175)


@pytest.mark.parametrize("draw", [ct_slice, knee, clouds])
def test_other_image_is_out_of_distribution(shipped, draw: Callable[[], np.ndarray]):
    model_input = prepare(mammogram(draw()), shipped.bundle.preprocessing)
    assert ood_scores(shipped, [model_input])[0] > 1


@pytest.mark.parametrize("draw", [noise, flat_disc])
def test_other_image_without_a_breast_is_rejected(shipped, draw: Callable[[], np.ndarray]):
    with pytest.raises(ImageError):
        prepare(mammogram(draw()), shipped.bundle.preprocessing)


@pytest.mark.slow
def test_unseen_phantoms_are_in_distribution(shipped, phantoms):
    inputs = []
    for file in read_catalogue(phantoms).table["file"].dropna():
        try:
            inputs.append(prepare_source(Path(file), shipped.bundle.preprocessing))
        except ImageError:
            continue  # a few of the set can't be read, on purpose
    assert len(inputs) > 50
    assert (ood_scores(shipped, inputs) <= 1).mean() >= 0.95


def without_member(name: str) -> Callable[[Path], None]:
    """Return a function that takes one part out of a zip file."""

    def damage(path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            parts = {part: archive.read(part) for part in archive.namelist() if part != name}
            assert len(parts) < len(archive.namelist())
        with zipfile.ZipFile(path, "w") as archive:
            for part, data in parts.items():
                archive.writestr(part, data)

    return damage


def with_member(name: str, data: bytes) -> Callable[[Path], None]:
    """Return a function that replaces one part of a zip file."""

    def damage(path: Path) -> None:
        without_member(name)(path)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(name, data)

    return damage


def with_arrays(**changes: object) -> Callable[[Path], None]:
    """Return a function that replaces arrays of an .npz file; None takes one out."""

    def damage(path: Path) -> None:
        with np.load(path) as arrays:
            kept = {**arrays, **changes}
        np.savez(path, **{name: array for name, array in kept.items() if array is not None})

    return damage


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def of_size_64(path: Path) -> None:
    path.write_text(json.dumps(PreprocessingConfig(size=64).to_json()))


DAMAGED_PARTS = [
    (MODEL, cut),
    (MODEL, without_member("config.json")),
    (MODEL, without_member("model.weights.h5")),
    (MODEL, with_member("config.json", b"[]")),
    (MODEL, with_member("config.json", b"{}")),
    (MODEL, with_member("model.weights.h5", bytes(5000))),
    (OOD_DETECTOR, cut),
    (OOD_DETECTOR, with_arrays(mean=None)),
    (OOD_DETECTOR, with_arrays(threshold=np.ones(2))),
    (OOD_DETECTOR, with_arrays(threshold=np.array(np.nan))),
    (OOD_DETECTOR, with_arrays(scale=np.ones(3))),
    (OOD_DETECTOR, with_arrays(mean=np.array(["a"]))),
    (OOD_DETECTOR, with_arrays(mean=np.array([{}], dtype=object))),
    (OOD_DETECTOR, with_arrays(mean=np.zeros(3), scale=np.ones(3), precision=np.eye(3))),
    (PREPROCESSING, of_size_64),
]


@pytest.mark.slow
@pytest.mark.parametrize(("part", "damage"), DAMAGED_PARTS)
def test_damaged_parts_of_a_model_are_refused_in_one_sentence(tmp_path, part, damage):
    """Also where the card has been made to fit, so that the hashes say nothing."""
    folder = shutil.copytree(SHIPPED_MODELS / DEMO, tmp_path / "model")
    card = open_bundle(folder).card
    damage(folder / part)
    write_card(folder, card)
    with pytest.raises(ModelError) as raised:
        Predictor(open_bundle(folder))
    assert "\n" not in str(raised.value)
    assert str(raised.value).endswith(".")


@pytest.mark.parametrize(
    ("part", "table"),
    [
        (PREDICTIONS, pd.DataFrame({"patient_id": ["1"]})),
        (PREDICTIONS, None),
        (TRAINING_IMAGES, pd.DataFrame({"patient_id": ["1"], "image_id": ["2"]})),
        (TRAINING_IMAGES, None),
    ],
)
def test_damaged_tables_of_a_model_are_refused_in_one_sentence(tmp_path, part, table):
    folder = shutil.copytree(SHIPPED_MODELS / DEMO, tmp_path / "model")
    card = open_bundle(folder).card
    if table is None:
        cut(folder / part)
    else:
        table.to_parquet(folder / part)
    bundle = write_card(folder, card)
    with pytest.raises(MammoError, match=r"isn't (readable|one that this application wrote)"):
        bundle.predictions() if part == PREDICTIONS else bundle.provenance()


def test_predict_inputs_equals_predict_image(finished, readable, trained, sandbox):
    predictions = predict(trained, input_files(readable.head(3)), sandbox)
    images = np.stack([prediction.decoded.model_input for prediction in predictions])
    geometries = [prediction.decoded.geometry for prediction in predictions]
    together = trained.predict_inputs(images, geometries)
    assert together.probability == pytest.approx([prediction.probability for prediction in predictions], abs=1e-6)
    assert together.ood_score == pytest.approx([prediction.ood_score for prediction in predictions], rel=1e-4)
    assert np.array_equal(together.statistics, ood_features(images, geometries, np.empty((3, 0))))
