import pytest
from pydantic import ValidationError

from mammo_core.documents.operating_point import OperatingPoint


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_operating_point_accepts_both_ends_of_the_probabilities(threshold):
    assert OperatingPoint(threshold=threshold, policy="by hand").threshold == threshold


@pytest.mark.parametrize(
    "settings", [{"threshold": -0.01}, {"threshold": 1.01}, {"threshold": float("nan")}, {"policy": "best"}]
)
def test_operating_point_rejects_other_thresholds_and_policies(settings):
    with pytest.raises(ValidationError):
        OperatingPoint(**{"threshold": 0.5, "policy": "best_f1", **settings})
