"""The shipped model knows phantoms that it has never seen, and says of other images that they are unlike its own."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dicom import Mammogram
from mammo_core.errors import ImageError
from mammo_core.evaluation.ood import ood_features
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import DEMO
from mammo_core.prediction.predictor import Predictor
from mammo_core.preprocess import ModelInput, prepare, prepare_source
from mammo_core.settings import SHIPPED_MODELS

Y, X = np.mgrid[:512, :384]
GENERATOR = np.random.default_rng(0)


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor(open_bundle(SHIPPED_MODELS / DEMO))


def ood_score(predictor: Predictor, prepared: list[ModelInput]) -> np.ndarray:
    images = np.stack([one.image for one in prepared])
    places = [one.geometry for one in prepared]
    return predictor.reference.ood_score(ood_features(images, places, predictor(images).embedding))


def ellipse(row: float, column: float, height: float, width: float) -> np.ndarray:
    return ((Y - row) / height) ** 2 + ((X - column) / width) ** 2 < 1


def ct_slice() -> np.ndarray:
    body = 1000.0 * ellipse(256, 192, 150, 180)
    for lung in (ellipse(250, 110, 90, 60), ellipse(250, 270, 90, 60)):
        body[lung] = 200
    body[ellipse(350, 192, 30, 32)] = 1800
    return gaussian_filter(body, 1.5)


def knee() -> np.ndarray:
    leg = 900.0 * (abs(X - 192) < 90 + 15 * np.cos(Y / 75))
    for bone in (ellipse(210, 192, 70, 75), (abs(X - 192) < 40) & (Y < 210), (abs(X - 195) < 38) & (Y > 280)):
        leg[bone] = 2200
    return gaussian_filter(leg, 2) + GENERATOR.normal(0, 40, leg.shape) * (leg > 0)


def noise() -> np.ndarray:
    return GENERATOR.integers(0, 4095, Y.shape).astype(float)


def clouds() -> np.ndarray:
    return 2000 + 5000 * gaussian_filter(GENERATOR.standard_normal(Y.shape), 10)


def flat_disc() -> np.ndarray:
    return 2000.0 * ellipse(256, 0, 200, 175)


@pytest.mark.parametrize("draw", [ct_slice, knee, noise, clouds, flat_disc])
def test_non_mammogram_is_out_of_distribution_or_rejected(predictor, draw: Callable[[], np.ndarray]):
    pixels = draw().astype(np.float32)
    try:
        prepared = prepare(Mammogram(pixels, 0, *pixels.shape), predictor.bundle.preprocessing)
    except ImageError:
        return
    assert ood_score(predictor, [prepared])[0] > 1


def test_unseen_phantoms_are_in_distribution(predictor, phantoms):
    prepared = []
    for file in read_catalogue(phantoms).table["file"].dropna():
        try:
            prepared.append(prepare_source(Path(file), predictor.bundle.preprocessing))
        except ImageError:
            continue  # the oddities of the set
    assert len(prepared) > 50
    assert (ood_score(predictor, prepared) <= 1).mean() >= 0.95
