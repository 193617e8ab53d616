from dataclasses import replace

import pytest

from mammo_core.errors import ConfigError
from mammo_core.preprocess import PreprocessingConfig


def test_preprocessing_config_defaults():
    assert PreprocessingConfig().to_json() == {
        "size": 256,
        "low_percentile": 1.0,
        "high_percentile": 99.5,
        "floor": 0.05,
        "skin": 0.08,
        "version": 2,
    }


def test_preprocessing_config_json_round_trip():
    preprocessing = PreprocessingConfig(size=512, skin=0.1)
    assert PreprocessingConfig.from_json(preprocessing.to_json()) == preprocessing


def test_preprocessing_config_identity_depends_on_every_parameter():
    preprocessing = PreprocessingConfig()
    others = [
        replace(preprocessing, **change)
        for change in ({"size": 128}, {"low_percentile": 2.0}, {"high_percentile": 99.0}, {"floor": 0.1}, {"skin": 0.1})
    ]
    assert len({preprocessing.identity, *(other.identity for other in others)}) == 6
    assert PreprocessingConfig().identity == preprocessing.identity
    assert len(preprocessing.identity) == 16


@pytest.mark.parametrize(
    "change",
    [
        {"size": 15},
        {"size": 5000},
        {"low_percentile": -1.0},
        {"low_percentile": 99.5},
        {"high_percentile": 101.0},
        {"floor": 1.0},
        {"skin": 0.0},
    ],
)
def test_preprocessing_config_out_of_range_raises_config_error(change):
    with pytest.raises(ConfigError):
        PreprocessingConfig(**change)


def test_preprocessing_config_foreign_json_raises_config_error():
    document = PreprocessingConfig().to_json()
    with pytest.raises(ConfigError, match="other parameters"):
        PreprocessingConfig.from_json(document | {"gamma": 2})
    with pytest.raises(ConfigError, match="other parameters"):
        PreprocessingConfig.from_json({"size": 256})
    with pytest.raises(ConfigError, match="version 2"):
        PreprocessingConfig.from_json(document | {"version": 1})
