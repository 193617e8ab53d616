"""What tests of assessments share."""

import pytest

from mammo_core.assessment import store_evaluation
from mammo_core.prediction.predictor import Predictor


@pytest.fixture
def loads(bundle, monkeypatch) -> list[str]:
    """The names of the models that were loaded; loads the module's `bundle` once."""
    loaded, names = Predictor(bundle), []
    monkeypatch.setattr(store_evaluation, "Predictor", lambda model: names.append(model.name) or loaded)
    return names
