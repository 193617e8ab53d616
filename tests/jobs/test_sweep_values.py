import pytest

from mammo_core.documents.training_config import TrainingConfig
from mammo_core.errors import ConfigError
from mammo_core.jobs.sweep_values import VARIABLE, count_runs, options_of, parse_values, without_foreign_start


@pytest.mark.parametrize(
    ("name", "text", "values"),
    [
        ("learning_rate", "1e-3, 0.01 ,0.01", [0.001, 0.01]),
        ("epochs", "2,3", [2, 3]),
        ("network", "compact, original", ["compact", "original"]),
        ("augment", "true, False", [True, False]),
        ("head_epochs", "None, 2", [None, 2]),
        ("start_from", "none, demo", [None, "demo"]),
        ("imbalance", "none", ["none"]),
    ],
)
def test_parse_values_have_the_type_of_the_setting(name, text, values):
    assert parse_values(name, text) == values


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("learning_rate", "0.1, x", "'x' isn't a value of “learning rate”: it should be a valid number."),
        ("learning_rate", "5", "'5' isn't a value of “learning rate”: it should be less than or equal to 0.1."),
        ("epochs", "2.5", "'2.5' isn't a value of “max. epochs”: it should be a valid integer."),
        ("network", "huge", "'huge' isn't a value of “network”: it should be 'compact', 'pretrained', 'original' or 'large'."),
        ("seed", " , ", "Give at least one value of “seed”, with commas between several."),
    ],
)  # fmt: skip
def test_parse_values_wrong_one_is_one_sentence(name, text, sentence):
    with pytest.raises(ConfigError) as error:
        parse_values(name, text)
    assert str(error.value) == sentence


def test_options_of_settings_with_few_values():
    assert options_of("network") == ["compact", "pretrained", "original", "large"]
    assert options_of("augment") == [True, False]
    assert options_of("seed") is options_of("head_epochs") is None
    assert {"store", "folds", "fold"}.isdisjoint(VARIABLE)


def test_count_runs_multiplies_values_and_folds_up_to_a_limit():
    assert count_runs({}, None) == 1
    assert count_runs({"seed": [1, 2, 3], "epochs": [1, 2]}, 5) == 30
    with pytest.raises(ConfigError, match="These would be 102 runs; at most 100 are started at once"):
        count_runs({"seed": list(range(51))}, 2)


def test_runs_of_other_networks_start_from_their_own_weights():
    configs = [TrainingConfig(store="a", network=network, start_from="demo") for network in ("compact", "original")]
    assert [config.start_from for config in without_foreign_start(configs, "original")] == [None, "demo"]
