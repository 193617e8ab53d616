import pytest
from pydantic import ValidationError

from builders.marks import make_mark, make_region
from mammo_core.documents.marks import MarkChange


@pytest.mark.parametrize(
    "changes",
    [
        {"bottom": 10.0},
        {"left": 80.0, "right": 20.0},
        {"top": -1.0},
        {"right": float("nan")},
        {"bottom": 1e7},
        {"shape": "line"},
        {"finding": "cancer"},
        {"pixel_mm": (0.0, 0.1)},
    ],
    ids=str,
)
def test_region_that_means_nothing_is_refused(changes):
    with pytest.raises(ValidationError):
        make_region(**changes)


def test_change_with_a_strange_identity_is_refused():
    with pytest.raises(ValidationError):
        MarkChange(id="../1", version=0, region=None)


def test_size_is_the_longer_side_in_mm_or_unknown():
    assert make_region().size_mm() is None
    assert make_region(pixel_mm=(0.1, 0.05)).size_mm() == pytest.approx(4.0)
    assert make_mark(pixel_mm=(0.1, 0.1)).size_mm() == pytest.approx(6.0)
