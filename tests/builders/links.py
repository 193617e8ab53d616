"""Links between pages, which a component that runs as an app of its own can't show."""

from typing import Any

import pytest
import streamlit as st

Link = tuple[str, dict[str, Any]]  # label and query


def record_links(monkeypatch: pytest.MonkeyPatch) -> list[Link]:
    """Return the links that components show from now on."""
    links: list[Link] = []

    def page_link(page: str, *, label: str, query_params: dict[str, Any] | None = None, **options: object) -> None:
        links.append((label, query_params or {}))

    monkeypatch.setattr(st, "page_link", page_link)
    return links
