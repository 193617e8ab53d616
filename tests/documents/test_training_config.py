import pytest

from mammo_core.documents.training_config import TrainingConfig
from mammo_core.errors import ConfigError


def test_config_defaults_require_only_a_store():
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
def test_config_invalid_value_raises_config_error_naming_the_setting(change, name):
    with pytest.raises(ConfigError, match=f"'{name}' is not usable"):
        TrainingConfig.read({"store": "demo", **change})
