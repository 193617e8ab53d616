import json

import pytest

from mammo_core.documents.training_config import RunConfig, TrainingConfig
from mammo_core.errors import ConfigError, DataError


def test_config_defaults_require_only_a_store():
    config = TrainingConfig.from_settings({"store": "demo"})
    assert config.epochs <= 20
    assert TrainingConfig.from_settings(config.to_json()) == config


def test_run_config_reads_its_file_and_those_of_earlier_versions(tmp_path):
    config = TrainingConfig(store="demo", epochs=3)
    RunConfig.of(config).write(tmp_path / "config.json")
    assert json.loads((tmp_path / "config.json").read_text()) == config.to_json() | {"schema_version": 1}
    assert RunConfig.read(tmp_path / "config.json") == RunConfig.of(config)
    (tmp_path / "config.json").write_text(json.dumps(config.to_json()))
    assert RunConfig.read(tmp_path / "config.json") == RunConfig.of(config)


def test_run_config_damaged_file_raises_data_error(tmp_path):
    (tmp_path / "config.json").write_text('{"store": "demo", "epochs": 21}')
    with pytest.raises(DataError, match="see epochs"):
        RunConfig.read(tmp_path / "config.json")


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
        TrainingConfig.from_settings({"store": "demo", **change})
