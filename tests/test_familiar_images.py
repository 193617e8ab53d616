"""The shipped model knows phantoms that it has never seen, and says of other images that they are unlike its own."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from mammo_core import models
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dicom import Mammogram
from mammo_core.errors import ImageError
from mammo_core.evaluation.familiarity import describe_inputs
from mammo_core.inference import Predictor
from mammo_core.preprocess import Prepared, prepare, prepare_source

Y, X = np.mgrid[:512, :384]
GENERATOR = np.random.default_rng(0)


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor(models.open_bundle(models.SHIPPED_MODELS / models.DEMO))


def strangeness(predictor: Predictor, prepared: list[Prepared]) -> np.ndarray:
    images = np.stack([one.image for one in prepared])
    places = [one.geometry for one in prepared]
    return predictor.reference.strangeness(describe_inputs(images, places, predictor(images).embedding))


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
def test_what_is_no_mammogram_is_unlike_the_training_images_or_refused(predictor, draw: Callable[[], np.ndarray]):
    pixels = draw().astype(np.float32)
    try:
        prepared = prepare(Mammogram(pixels, 0, *pixels.shape), predictor.bundle.contract)
    except ImageError:
        return
    assert strangeness(predictor, [prepared])[0] > 1


def test_unseen_phantoms_are_familiar(predictor, phantoms):
    prepared = []
    for file in read_catalogue(phantoms).table["file"].dropna():
        try:
            prepared.append(prepare_source(Path(file), predictor.bundle.contract))
        except ImageError:
            continue  # the oddities of the set
    assert len(prepared) > 50
    assert (strangeness(predictor, prepared) <= 1).mean() >= 0.95
