"""The app, run by Streamlit's AppTest with the real core."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from streamlit.testing.v1 import AppTest

APP = Path(__file__).parents[2] / "app.py"


def open_page(
    page: str,
    url: Mapping[str, str | list[str]] | None = None,
    state: Mapping[str, object] | None = None,
    timeout: float = 60,
) -> AppTest:
    """Open the app and switch to a page.

    Args:
        page: its file's name without the suffix.
        url: query parameters.
        state: session state that is set before the first run.
        timeout: of a script run, in s.
    """
    app = AppTest.from_file(str(APP), default_timeout=timeout)
    app.query_params.update(url or {})
    for key, value in (state or {}).items():
        app.session_state[key] = value
    app.run()
    app.switch_page(f"pages/{page}.py")
    return app.run()


def visit_pages(pages: list[str]) -> Iterator[tuple[str, AppTest]]:
    """Open the app, go to one page after the other, and yield each with its name."""
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    for page in pages:
        app.switch_page(f"pages/{page}.py")
        yield page, app.run()


def plain(markdown: str) -> str:
    """Return a text as a reader sees it, of which `ui.literal` made Markdown."""
    return re.sub(r"\\([^A-Za-z0-9\s])", r"\1", markdown).replace("\u2060", "")


def without_error(app: AppTest) -> AppTest:
    """Return the app after checking that it shows no exception and no error."""
    assert not app.exception
    assert not app.error
    return app
