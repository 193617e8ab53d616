import pytest

from mammo_core.documents.time_estimate import TimeEstimate, approximate_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2, "10 s"), (47, "50 s"), (70, "1 min"), (500, "8 min"), (1460, "20 min"), (6000, "1.7 h"), (90_000, "25 h")],
)
def test_approximate_duration_has_no_false_precision(seconds, text):
    assert approximate_duration(seconds) == text


def test_describe_says_what_an_estimate_is_based_on():
    assert TimeEstimate(seconds=480, measured=True).describe() == "≈ 8 min on this machine"
    assert TimeEstimate(seconds=480, measured=False).describe() == "roughly 8 min (not measured on this machine yet)"
    assert TimeEstimate(seconds=None, measured=False).describe().startswith("time not known yet")
