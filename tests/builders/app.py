"""The app, run by Streamlit's AppTest with the real core."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from mammo_core.documents.viewer import ViewerCell, ViewerLayout

APP = Path(__file__).parents[2] / "app.py"
PATIENCE = 180  # seconds that a script run may take: it starts decoding processes, on a machine that may be busy


def open_page(
    page: str,
    url: Mapping[str, str | list[str]] | None = None,
    state: Mapping[str, object] | None = None,
) -> AppTest:
    """Open the app and switch to a page.

    Args:
        page: its file's name without the suffix.
        url: query parameters.
        state: session state that is set before the first run.
    """
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE)
    app.query_params.update(url or {})
    for key, value in (state or {}).items():
        app.session_state[key] = value
    app.run()
    app.switch_page(f"pages/{page}.py")
    return app.run()


def show_component(component: Callable[..., object], *arguments: object, **options: object) -> AppTest:
    """Run one component as an app of its own; its result is in the session state as "result"."""
    return AppTest.from_function(_call, default_timeout=PATIENCE, args=(component, arguments, options)).run()


def _call(component, arguments, options):  # without annotations: AppTest runs its source alone
    import streamlit as st

    st.session_state["result"] = component(*arguments, **options)


def widget(app: AppTest, kind: str, label: str) -> Any:
    """Return the first element of a kind, such as "button", with this label."""
    return next(element for element in app.get(kind) if element.label == label)


def live_charts(app: AppTest) -> list[tuple[str, dict[str, Any]]]:
    """Return the identity and the figure of each live chart."""
    protos = [element.proto for element in app.get("bidi_component")]
    sent = [(proto.id, json.loads(proto.mixed.json or proto.json)) for proto in protos]
    return [(identity, json.loads(data["figure"])) for identity, data in sent if "figure" in data]


def viewer_cells(app: AppTest) -> list[ViewerCell]:
    """Return what the viewer shows, in the order in which it hangs."""
    protos = [element.proto for element in app.get("bidi_component")]
    (data,) = [data for proto in protos if "layout" in (data := json.loads(proto.mixed.json or proto.json))]
    layout = ViewerLayout.model_validate(data["layout"])
    return [cell for exam in layout.exams for row in exam.rows for cell in row]


def figures(app: AppTest) -> list[dict[str, Any]]:
    """Return the figure of each Plotly chart that isn't live."""
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def visit_pages(pages: list[str]) -> Iterator[tuple[str, AppTest]]:
    """Open the app, go to one page after the other, and yield each with its name."""
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE).run()
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
