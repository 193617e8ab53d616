from dataclasses import dataclass, replace

import pytest

from builders.models import write_model
from mammo_core.errors import ModelError
from mammo_core.models.bundle import Bundle
from ui import resources


@dataclass
class LoadedNetwork:
    bundle: Bundle


@pytest.fixture
def bundle(tmp_path):
    yield write_model(tmp_path / "mine")
    resources.start_loading.clear()


def test_predictor_failed_load_is_tried_again_and_a_good_one_is_kept(bundle, monkeypatch):
    loads = []

    def load(bundle):
        loads.append(bundle.name)
        if len(loads) == 1:
            raise ModelError("It can't be loaded.")
        return LoadedNetwork(bundle)

    monkeypatch.setattr(resources, "Predictor", load)
    with pytest.raises(ModelError):
        resources.predictor(bundle)
    for _ in range(2):
        assert resources.predictor(bundle).bundle is bundle
    assert loads == ["mine", "mine"]


def test_predictor_has_the_operating_point_of_the_requested_bundle(bundle, monkeypatch):
    monkeypatch.setattr(resources, "Predictor", LoadedNetwork)
    point = bundle.card.operating_point.model_copy(update={"threshold": 0.9})
    moved = replace(bundle, card=bundle.card.model_copy(update={"operating_point": point}))
    first = resources.predictor(bundle)
    assert resources.predictor(moved).bundle.threshold == 0.9
    assert first.bundle.threshold == 0.3
