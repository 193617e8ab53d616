"""Make foreign text literal: pages show it as it is, and never interpret it.

File names, tags, table values, identifiers, names that a user chose and sentences that quote any of these may contain
Markdown. Streamlit interprets it in texts, labels, captions, tooltips and tables: an image would be fetched from an
unknown address. So everything that isn't written in the code of a page goes through `literal` or `literal_table`;
tests/ui/test_literal.py finds what doesn't.
"""

import re

import pandas as pd

from mammo_core.storage.path_text import message_text

WORD_JOINER = "\u2060"  # has no width and prevents no search for the words around it
# Streamlit finds these in text that has been unescaped, so that a backslash can't stop it: links without brackets, icons,
# shortcodes of emojis (also completed by a colon after the text), and arrows or dashes that it sets as one sign.
_UNESCAPABLE = re.compile(
    r"(?<=http://)|(?<=https://)|(?<=www)(?=\.)|(?<=@)(?=[-\w])"
    r"|(?<=:)(?=material/|[\w+-]+(?::|\Z))"
    r"|(?<!\S)(?=(?:<->|->|<-|--|>=|<=|~=)(?!\S))",
    re.IGNORECASE,
)
_SIGNS = re.compile(r"[\\`*_\[\]<>$#~|&]|:(?=\S)|\A[-+=]|(?<=\A\d)[.)]|(?<=\A\d\d)[.)]")


def literal(text: object) -> str:
    """Return Markdown that shows a text as it is, on one line.

    Args:
        text: foreign text, or a sentence that quotes some. Lone surrogates, which no page accepts, are replaced as by
            `message_text`.
    """
    line = " ".join(message_text(str(text)).split())  # a page collapses white space; a line break starts a new block
    return _SIGNS.sub(r"\\\g<0>", _UNESCAPABLE.sub(WORD_JOINER, line))


def literal_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table for `st.table`, whose texts and headings are shown as they are."""
    return table.rename(columns=literal).map(lambda value: literal(value) if isinstance(value, str) else value)
