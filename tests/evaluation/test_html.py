import pandas as pd

from mammo_core.evaluation.html import STYLE, as_html_table, page


def test_page_escapes_the_title_and_keeps_the_parts():
    assert page("A & <b>", ["<p>1</p>", "<p>2</p>"]) == (
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>A &amp; &lt;b&gt;</title>"
        f"<style>{STYLE}</style></head><body><p>1</p><p>2</p></body></html>"
    )


def test_html_table_escapes_text_and_shows_missing_values_as_a_dash():
    table = as_html_table(pd.DataFrame({"name": ["<i>"], "value": [None]}))
    assert "<td>&lt;i&gt;</td>" in table
    assert "<td>–</td>" in table
