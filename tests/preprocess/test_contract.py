from dataclasses import replace

import pytest

from mammo_core.errors import ConfigError
from mammo_core.preprocess import Contract


def test_defaults():
    assert Contract().to_json() == {
        "size": 256,
        "low_percentile": 1.0,
        "high_percentile": 99.5,
        "floor": 0.05,
        "skin": 0.08,
        "version": 2,
    }


def test_a_document_gives_the_same_contract():
    contract = Contract(size=512, skin=0.1)
    assert Contract.from_json(contract.to_json()) == contract


def test_every_parameter_changes_the_identity():
    contract = Contract()
    others = [
        replace(contract, **change)
        for change in ({"size": 128}, {"low_percentile": 2.0}, {"high_percentile": 99.0}, {"floor": 0.1}, {"skin": 0.1})
    ]
    assert len({contract.identity, *(other.identity for other in others)}) == 6
    assert Contract().identity == contract.identity
    assert len(contract.identity) == 16


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
def test_parameters_outside_their_range_are_refused(change):
    with pytest.raises(ConfigError):
        Contract(**change)


def test_foreign_documents_are_refused():
    document = Contract().to_json()
    with pytest.raises(ConfigError, match="other parameters"):
        Contract.from_json(document | {"gamma": 2})
    with pytest.raises(ConfigError, match="other parameters"):
        Contract.from_json({"size": 256})
    with pytest.raises(ConfigError, match="version 2"):
        Contract.from_json(document | {"version": 1})
