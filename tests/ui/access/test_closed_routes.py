import pytest

from ui.access.closed_routes import is_closed


@pytest.mark.parametrize(
    ("path", "closed"),
    [
        ("/_stcore/metrics", True),
        ("/base/_stcore/metrics", True),
        ("/_stcore/metrics/", True),
        ("/_stcore/agent/mcp", True),
        ("/_stcore/health", False),
        ("/_stcore/metricsx", False),
        ("/", False),
    ],
)
def test_is_closed(path, closed):
    assert is_closed(path) is closed
