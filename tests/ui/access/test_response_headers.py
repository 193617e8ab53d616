from ui.access.response_headers import HEADERS, POLICY


def test_policy_allows_no_other_host():
    sources = {source for sources in POLICY.values() for source in sources.split()}
    assert sources == {"'self'", "'none'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:"}
    assert HEADERS["Content-Security-Policy"].startswith("default-src 'self'; ")
