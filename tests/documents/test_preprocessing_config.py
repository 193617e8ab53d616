import json
from pathlib import Path
from typing import Any

import pytest

from mammo_core.documents.preprocessing_config import PreprocessingConfig, describe_size, parse_size, size_option
from mammo_core.errors import ConfigError


def test_preprocessing_config_defaults():
    assert PreprocessingConfig().to_json() == {
        "size": 256,
        "low_percentile": 1.0,
        "high_percentile": 99.5,
        "floor": 0.05,
        "skin": 0.08,
        "version": 2,
    }


def test_preprocessing_config_file_round_trip(tmp_path):
    preprocessing, file = PreprocessingConfig(size=512, skin=0.1), tmp_path / "contract.json"
    preprocessing.write(file)
    assert PreprocessingConfig.read(file) == preprocessing


def test_preprocessing_config_file_and_identity_are_those_of_earlier_versions(tmp_path):
    PreprocessingConfig().write(tmp_path / "contract.json")
    assert (tmp_path / "contract.json").read_bytes() == (
        b'{\n  "size": 256,\n  "low_percentile": 1.0,\n  "high_percentile": 99.5,\n  "floor": 0.05,\n'
        b'  "skin": 0.08,\n  "version": 2\n}\n'
    )
    assert PreprocessingConfig().identity == "ae14a09cdc6083da"


def test_preprocessing_config_rectangle_round_trip(tmp_path):
    preprocessing, file = PreprocessingConfig(size=(512, 320)), tmp_path / "contract.json"
    preprocessing.write(file)
    assert json.loads(file.read_text())["size"] == [512, 320]
    assert PreprocessingConfig.read(file) == preprocessing
    assert preprocessing.shape == (512, 320)
    assert preprocessing.identity not in {PreprocessingConfig(size=512).identity, PreprocessingConfig().identity}
    assert PreprocessingConfig(size=(64, 64)) == PreprocessingConfig(size=64)


@pytest.mark.parametrize(
    ("text", "size"), [("256", 256), ("512x320", (512, 320)), ("512 × 320", (512, 320)), ("64X64", 64), (" 96 ", 96)]
)
def test_parse_size_reads_a_side_or_rows_and_columns(text, size):
    assert parse_size(text) == size
    assert parse_size(size_option(size)) == size
    assert parse_size(describe_size(size)) == size


@pytest.mark.parametrize("text", ["", "large", "512x", "x320", "512x320x3", "512,320", "-64", "64.5", "999999"])
def test_parse_size_malformed_text_raises_config_error(text):
    with pytest.raises(ConfigError, match=r"is no size of an image\. Give its side in pixels"):
        parse_size(text)


@pytest.mark.parametrize(("text", "shown"), [("300", "300 × 300"), ("512x330", "512 × 330"), ("0x32", "0 × 32")])
def test_parse_size_no_multiple_of_32_raises_config_error(text, shown):
    with pytest.raises(ConfigError, match=rf"^The model input is to have {shown} pixels; .* multiples of 32"):
        parse_size(text)


def test_preprocessing_config_identity_depends_on_every_parameter():
    preprocessing = PreprocessingConfig()
    others = [
        PreprocessingConfig(**change)
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
        {"size": (512, 330)},
        {"size": (0, 32)},
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


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"gamma": 2}, "The preprocessing configuration has other parameters than this version of the software."),
        ({"size": [64, 64, 64]}, "The preprocessing configuration has an unusable value of size."),
        ({"size": "large"}, "The preprocessing configuration has an unusable value of size."),
        ({"version": 1}, "The preprocessing configuration is of version 1; this software has version 2."),
    ],
)
def test_preprocessing_config_foreign_file_raises_config_error(tmp_path, change, sentence):
    with pytest.raises(ConfigError, match=f"^{sentence}$"):
        PreprocessingConfig.read(written(tmp_path / "contract.json", PreprocessingConfig().to_json() | change))


@pytest.mark.parametrize("document", [{"size": 256}, [256]])
def test_preprocessing_config_file_without_all_parameters_raises_config_error(tmp_path, document):
    with pytest.raises(ConfigError, match="other parameters"):
        PreprocessingConfig.read(written(tmp_path / "contract.json", document))


def written(file: Path, document: Any) -> Path:
    file.write_text(json.dumps(document))
    return file
