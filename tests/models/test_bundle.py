import json
import os

import numpy as np
import pandas as pd
import pytest

from builders.models import model_card, write_model, write_model_files
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.documents.report import EvaluationReport
from mammo_core.errors import ModelError
from mammo_core.evaluation.ood import OODDetector
from mammo_core.models import bundle as bundle_module
from mammo_core.models.bundle import (
    CARD,
    EVALUATION,
    HASHED_FILES,
    MODEL,
    OOD_DETECTOR,
    PREPROCESSING,
    open_bundle,
    write_card,
    write_ood_detector,
)
from mammo_core.storage.hashing import sha256
from mammo_core.storage.json_files import read_json, write_json


@pytest.fixture
def folder(tmp_path):
    """A model folder without its card."""
    write_model_files(tmp_path / "mine")
    return tmp_path / "mine"


@pytest.fixture
def bundle(tmp_path):
    """A finished model."""
    return write_model(tmp_path / "mine")


def test_write_card_adds_hashes_and_opens_bundle(folder):
    bundle = write_card(folder, model_card())
    assert bundle == open_bundle(folder)
    assert bundle.card.files == {name: sha256(folder / name) for name in HASHED_FILES}
    assert bundle.card.model_copy(update={"files": {}}) == model_card()
    assert bundle.preprocessing == PreprocessingConfig(size=64)


def test_bundle_properties_come_from_card_and_folder(bundle):
    assert bundle.name == "mine"
    assert bundle.threshold == 0.3
    assert bundle.synthetic
    assert bundle.network_file == bundle.folder / MODEL
    assert bundle.identity == sha256(bundle.network_file)


@pytest.fixture
def hashed(monkeypatch):
    """The names of the files that are hashed, in order."""
    names = []
    monkeypatch.setattr(bundle_module, "sha256", lambda path: names.append(path.name) or sha256(path))
    return names


def test_open_bundle_unchanged_files_are_hashed_once(bundle, hashed):
    assert open_bundle(bundle.folder) is open_bundle(bundle.folder)
    assert hashed == list(HASHED_FILES)


def test_write_card_hashes_each_file_once(folder, hashed):
    write_card(folder, model_card())
    assert hashed == list(HASHED_FILES)


@pytest.mark.parametrize("name", [CARD, *HASHED_FILES])
def test_open_bundle_new_modification_time_hashes_again(bundle, hashed, name):
    open_bundle(bundle.folder)
    status = (bundle.folder / name).stat()
    os.utime(bundle.folder / name, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    open_bundle(bundle.folder)
    assert hashed == 2 * list(HASHED_FILES)


@pytest.mark.parametrize("name", HASHED_FILES)
def test_open_bundle_changed_size_after_check_raises_model_error(bundle, name):
    path = open_bundle(bundle.folder).folder / name
    status = path.stat()
    path.write_bytes(path.read_bytes() + b"\0")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(ModelError, match=f"{name} was changed"):
        open_bundle(bundle.folder)


@pytest.mark.parametrize("name", HASHED_FILES)
def test_open_bundle_changed_file_raises_model_error(bundle, name):
    content = bytearray((bundle.folder / name).read_bytes())
    content[-1] ^= 1
    (bundle.folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"{name} was changed after training"):
        open_bundle(bundle.folder)


@pytest.mark.parametrize("name", HASHED_FILES)
def test_open_bundle_missing_file_raises_model_error(bundle, name):
    (bundle.folder / name).unlink()
    with pytest.raises(ModelError, match=f"{name} is missing"):
        open_bundle(bundle.folder)


def test_open_bundle_without_card_raises_model_error(folder):
    with pytest.raises(ModelError, match=r"holds no finished model: its card\.json is missing"):
        open_bundle(folder)


def test_write_card_missing_network_raises_model_error(folder):
    (folder / MODEL).unlink()
    with pytest.raises(ModelError, match=r"lacks model\.keras"):
        write_card(folder, model_card())
    assert not (folder / CARD).exists()


def test_write_card_other_preprocessing_version_raises_model_error(folder):
    write_json(folder / PREPROCESSING, PreprocessingConfig(size=64).to_json() | {"version": 0})
    with pytest.raises(ModelError, match="mine belongs to another version"):
        write_card(folder, model_card())


@pytest.mark.parametrize(
    ("version", "advice"),
    [
        (1, "was trained by an earlier version. Train it again."),
        (2, "was saved by an earlier version. Migrate it with `python -m mammo_core.models.migrate {folder}`."),
    ],
)
def test_open_bundle_earlier_format_says_what_to_do(folder, version, advice):
    write_json(folder / CARD, {"format": version})
    with pytest.raises(ModelError) as caught:
        open_bundle(folder)
    assert str(caught.value) == f"The model {folder.name} {advice.format(folder=folder)}"


@pytest.mark.parametrize("card", ["{}", "[1]", "no json", json.dumps({"format": 99, "files": {}, "class_names": []})])
def test_open_bundle_foreign_card_raises_model_error(folder, card):
    (folder / CARD).write_text(card)
    with pytest.raises(ModelError, match="isn't one that this application wrote"):
        open_bundle(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"schema_version": 4},
        {"class_names": ["positive", "negative"]},
        {"calibration": {"slope": 1.0, "intercept": 0.0}},
        {"operating_point": {"threshold": 1.5, "policy": "by hand"}},
        {"files": {}},
        {"unknown": 1},
    ],
)
def test_open_bundle_invalid_card_raises_model_error(bundle, change):
    write_json(bundle.folder / CARD, read_json(bundle.folder / CARD) | change)
    with pytest.raises(ModelError, match="isn't one that this application wrote"):
        open_bundle(bundle.folder)


def test_predictions_by_part(bundle):
    assert bundle.predictions()["image_id"].tolist() == ["20", "40", "30"]
    assert bundle.validation_predictions()["image_id"].tolist() == ["20", "40"]
    assert bundle.evaluation_predictions()["image_id"].tolist() == ["30"]
    assert bundle.evaluation_predictions().index.tolist() == [0]


def test_evaluation_is_the_stored_report(bundle):
    assert bundle.evaluation() == EvaluationReport.read(bundle.folder / EVALUATION)
    assert bundle.evaluation().part == "test"


def test_ood_detector_written_and_read_is_the_same(bundle):
    detector = OODDetector(np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.eye(2), 0.5)
    write_ood_detector(bundle.folder / OOD_DETECTOR, detector)
    again = write_card(bundle.folder, bundle.card).ood_detector()
    assert again.to_arrays().keys() == detector.to_arrays().keys()
    assert all((again.to_arrays()[name] == array).all() for name, array in detector.to_arrays().items())


def test_ood_detector_damaged_file_raises_model_error(bundle):
    (bundle.folder / OOD_DETECTOR).write_bytes(b"nothing")
    with pytest.raises(ModelError, match=r"ood_detector\.npz of mine isn't readable"):
        bundle.ood_detector()


def test_seen_split_follows_the_patient_of_a_known_image(bundle):
    images = pd.DataFrame({"patient_id": [1, 1, 2, 2, 4], "image_id": [11, 99, 20, 99, 40]}, index=[5, 6, 7, 8, 9])
    seen = bundle.seen_split(images)
    assert seen.index.tolist() == [5, 6, 7, 8, 9]
    assert seen.tolist()[:4] == ["train", "train", "validation", "validation"]
    assert pd.isna(seen.iloc[4])


def test_seen_split_same_patient_number_with_other_images_is_missing(bundle):
    images = pd.DataFrame({"patient_id": ["1", "2"], "image_id": ["70", "71"]})
    assert bundle.seen_split(images).isna().all()


def test_seen_split_train_takes_precedence(bundle):
    pd.DataFrame({"patient_id": ["1", "1"], "image_id": ["10", "11"], "part": ["validation", "train"]}).to_parquet(
        bundle.folder / "training_images.parquet"
    )
    assert (
        bundle.seen_split(pd.DataFrame({"patient_id": ["1", "1"], "image_id": ["10", "11"]})).tolist() == ["train"] * 2
    )
