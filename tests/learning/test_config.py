import pytest

from mammo_core.errors import ConfigError
from mammo_core.learning.config import TrainingConfig, quick_start


def test_defaults_need_a_store_only():
    config = TrainingConfig.read({"store": "demo"})
    assert config.epochs <= 20
    assert TrainingConfig.read(config.parameters) == config


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"epochs": 21}, "epochs"),
        ({"epochs": 0}, "epochs"),
        ({"network": "huge"}, "network"),
        ({"imbalance": "magic"}, "imbalance"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"validation_share": 0}, "validation_share"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_not_usable_is_named(change, name):
    with pytest.raises(ConfigError, match=f"'{name}' is not usable"):
        TrainingConfig.read({"store": "demo", **change})


def test_quick_start_goes_on_from_a_model_where_there_is_one():
    assert quick_start("demo", "demo").start_from == "demo"
    assert quick_start("demo", None).start_from is None
