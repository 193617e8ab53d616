import numpy as np
import pytest
from scipy.stats import binomtest

from mammo_core.documents.estimate import score_interval


@pytest.mark.parametrize(("hits", "n"), [(0, 5), (5, 5), (1, 10), (37, 100)])
def test_score_interval_equals_scipys(hits, n):
    expected = binomtest(hits, n).proportion_ci(0.95, "wilson")
    assert [float(bound) for bound in score_interval(hits / n, n)] == pytest.approx(
        [expected.low, expected.high], abs=1e-12
    )


def test_score_interval_of_several_proportions():
    low, high = score_interval(np.array([0.0, 0.5, 1.0]), np.array([4.0, 4.5, 5.0]))
    assert (low[0], high[2]) == (0, 1)
    assert low[1] + high[1] == pytest.approx(1)
