"""The page and the tables of self-contained HTML reports."""

from html import escape

import pandas as pd

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b2733}"
    "table{border-collapse:collapse;margin:1rem 0}td,th{border-bottom:1px solid #d5dbe1;padding:.3rem .8rem;text-align:left}"
    ".limit{background:#fff4e0;padding:.6rem 1rem;border-radius:.4rem}"
)


def page(title: str, parts: list[str]) -> str:
    """Return a complete HTML page.

    Args:
        title: plain text; it is escaped.
        parts: HTML of the body, in order.
    """
    head = f"<meta charset=utf-8><title>{escape(title)}</title><style>{STYLE}</style>"
    return f"<!doctype html><html lang=en><head>{head}</head><body>{''.join(parts)}</body></html>"


def as_html_table(table: pd.DataFrame) -> str:
    """Return a table as HTML, with a dash for missing values."""
    return table.where(table.notna(), "–").to_html(index=False, border=0)
