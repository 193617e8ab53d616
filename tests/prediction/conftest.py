"""Fixtures that predict phantoms with a trained network."""

import pandas as pd
import pytest

from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.patients import quarantined
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.models.bundle import open_bundle
from mammo_core.prediction.predictor import Predictor


@pytest.fixture(scope="session")
def sandbox():
    """A running sandbox."""
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="session")
def trained(line) -> Predictor:
    """The trained network, loaded once."""
    return Predictor(open_bundle(line.models / "trained"))


@pytest.fixture
def readable(finished) -> pd.DataFrame:
    """Catalogue rows of the images that can be read."""
    catalogue = read_catalogue(finished.data / "demo")
    return catalogue.table[~catalogue.table["image_id"].isin(quarantined(finished, catalogue))]


@pytest.fixture
def exam(readable) -> pd.DataFrame:
    """Catalogue rows of the four standard views of one patient."""
    standard = readable[readable["view"].isin(["CC", "MLO"])]
    exams = standard.groupby("patient_id").filter(lambda rows: len(rows) == 4)
    return exams[exams["patient_id"] == exams["patient_id"].iloc[0]]
