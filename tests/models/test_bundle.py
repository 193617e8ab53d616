import json

import numpy as np
import pytest

from mammo_core.errors import ModelError
from mammo_core.evaluation.ood import OODDetector
from mammo_core.models.bundle import (
    CARD,
    CONTRACT,
    EVALUATION,
    MODEL,
    PREDICTIONS,
    PROVENANCE,
    REFERENCE,
    VOUCHED,
    open_bundle,
    write_card,
    write_ood_detector,
)
from mammo_core.preprocess import PreprocessingConfig
from mammo_core.settings import settings
from mammo_core.storage.json_files import read_json, write_json

CARD_FIELDS = {
    "operating_point": {"threshold": 0.3},
    "calibration": {"slope": 1.0, "intercept": 0.0},
    "data": {"synthetic": True},
}


@pytest.fixture
def folder(workspace):
    path = settings().models / "mine"
    path.mkdir(parents=True)
    (path / MODEL).write_bytes(b"weights")
    (path / PREDICTIONS).write_bytes(b"table")
    (path / REFERENCE).write_bytes(b"numbers")
    (path / PROVENANCE).write_bytes(b"images")
    write_json(path / CONTRACT, PreprocessingConfig(size=64).to_json())
    write_json(path / EVALUATION, {"auc": None})
    return path


def test_open_bundle_intact_folder_equals_written_bundle(folder):
    written = write_card(folder, CARD_FIELDS)
    found = open_bundle(folder)
    assert found == written
    assert found.threshold == 0.3
    assert found.synthetic
    assert found.preprocessing == PreprocessingConfig(size=64)


@pytest.mark.parametrize("name", VOUCHED)
def test_open_bundle_changed_file_raises_model_error(folder, name):
    write_card(folder, CARD_FIELDS)
    content = bytearray((folder / name).read_bytes())
    content[-1] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"{name} was changed after training"):
        open_bundle(folder)


@pytest.mark.parametrize("name", VOUCHED)
def test_open_bundle_missing_file_raises_model_error(folder, name):
    write_card(folder, CARD_FIELDS)
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"{name} is missing"):
        open_bundle(folder)


def test_write_card_other_preprocessing_config_version_raises_model_error(folder):
    write_json(folder / CONTRACT, PreprocessingConfig(size=64).to_json() | {"version": 0})
    with pytest.raises(ModelError, match="mine belongs to another version"):
        write_card(folder, CARD_FIELDS)


def test_open_bundle_earlier_format_raises_model_error(folder):
    write_card(folder, CARD_FIELDS)
    write_json(folder / CARD, read_json(folder / CARD) | {"format": 1})
    with pytest.raises(ModelError, match="was trained by an earlier version"):
        open_bundle(folder)


@pytest.mark.parametrize("card", ["{}", "[1]", "no json", json.dumps({"format": 99, "files": {}, "class_names": []})])
def test_open_bundle_foreign_card_raises_model_error(folder, card):
    (folder / CARD).write_text(card)
    with pytest.raises(ModelError, match="isn't one that this application wrote"):
        open_bundle(folder)


def test_write_card_missing_weights_raises_model_error(folder):
    (folder / MODEL).unlink()
    with pytest.raises(ModelError, match=r"lacks model\.keras"):
        write_card(folder, CARD_FIELDS)


def test_ood_detector_written_and_read_is_the_same(folder):
    detector = OODDetector(np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.eye(2), 0.5)
    write_ood_detector(folder / REFERENCE, detector)
    again = write_card(folder, CARD_FIELDS).ood_detector()
    assert again.to_arrays().keys() == detector.to_arrays().keys()
    assert all((again.to_arrays()[name] == array).all() for name, array in detector.to_arrays().items())


def test_ood_detector_corrupt_file_raises_model_error(folder):
    with pytest.raises(ModelError, match="isn't readable"):
        write_card(folder, CARD_FIELDS).ood_detector()
