"""Foreign text is literal: what `literal` writes, and that pages and components pass everything through it."""

import ast
import inspect
import re
from pathlib import Path

import pandas as pd
import pytest
import streamlit as st

from ui.literal import literal, literal_table

ROOT = Path(__file__).parents[2]
J = "\u2060"  # word joiner
INTERPRETED = {  # by method of Streamlit: how many leading arguments it reads as Markdown
    **dict.fromkeys(["markdown", "write", "caption", "title", "header", "subheader", "text_area", "file_uploader"], 1),
    **dict.fromkeys(["error", "warning", "info", "success", "toast", "button", "download_button", "link_button"], 1),
    **dict.fromkeys(["checkbox", "toggle", "selectbox", "multiselect", "slider", "select_slider"], 1),
    **dict.fromkeys(["text_input", "number_input", "expander", "popover", "tabs", "spinner", "status"], 1),
    **dict.fromkeys(
        ["form_submit_button", "dialog", "table", "date_input", "data_caption", "badge", "chat_message"], 1
    ),
    **dict.fromkeys(["pills", "radio", "segmented_control"], 2),  # their options too
    **dict.fromkeys(["audio_input", "camera_input", "chat_input", "color_picker"], 1),
    **dict.fromkeys(["datetime_input", "menu_button", "time_input"], 1),
    **dict.fromkeys(["data_editor", "feedback", "form", "page_link", "text"], 0),  # only what is named
    "metric": 3,
}
MARKDOWN_PARAMETERS = {"label", "body", "help", "caption", "captions"}  # of Streamlit's functions
NOT_INTERPRETED = {  # functions with such a parameter that is no Markdown
    "code": "shown letter by letter",
    "mermaid_chart": "a diagram in a language of its own; no page has one",
    "html": "allowed for one style sheet, see below",
    "json": "shown letter by letter",
    "latex": "a formula",
}
KEYWORDS = {*MARKDOWN_PARAMETERS, "text", "value_text", "delta"}
TRUSTED = {  # functions whose result may be Markdown, and why
    "literal": "the one function that makes text literal",
    "literal_table": "the same for tables",
    "state_badge": "a badge of a state, which is one of a fixed set (ui.session.BADGES)",
    "run_badge": "the same for a training run",
    "dataset_title": "passes the name through literal; checked in the same way",
    "decision_badge": "a badge of a decision, which is one of a fixed set, with two numbers",
    "describe_image": "passes every name through literal; checked in the same way, as a function that returns Markdown",
    "describe_files": "passes every name through literal; checked in the same way, as a function that returns Markdown",
    "len": "a number",
}
TRUSTED_NAMES = {  # variables that hold text from the code of the application, and why
    ("pages/overview.py", "title"): "from the constant STEPS",
    ("pages/overview.py", "text"): "from the constant STEPS",
    ("pages/models.py", "views"): "the keys of a dictionary written there",
    ("ui/panels.py", "name"): "from a tuple written there",
    ("pages/exams.py", "kinds"): "keys of a constant",
    ("pages/explore.py", "names"): "names of tabs, which are constants",
    ("ui/outside_scores.py", "title"): "from the constant COLUMNS",
    ("ui/sweep_form.py", "options"): "values of a setting, which are a fixed set",
    ("ui/sweep_view.py", "titles"): "its keys are fields of the training configuration",
    ("ui/look_alikes.py", "sides"): "R and L",
    ("ui/outside_scores.py", "reports"): "its keys are units, which are a fixed set",
}
# What they return is checked like an argument.
MARKDOWN_FUNCTIONS = {"describe_image", "describe_files", "decision_badge", "state_badge", "run_badge", "dataset_title"}


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("plain 1.dcm", "plain 1.dcm"),
        ("![x](http://host/p.png)", rf"!\[x\](http\://{J}host/p.png)"),
        ("_1_ a_b*[c]", r"\_1\_ a\_b\*\[c\]"),
        ("$5$", r"\$5\$"),
        (":red[x]", r"\:red\[x\]"),
        ("<img src=x> &lt;", r"\<img src=x\> \&lt;"),
        ("[a](http://b)", rf"\[a\](http\://{J}b)"),
        ("see www.x.org or me@x.org", f"see www{J}.x.org or me@{J}x.org"),
        (
            ":material/home: :material_home: :streamlit:",
            rf"\:{J}material/home: \:{J}material\_home: \:{J}streamlit:",
        ),
        ("a:smile", rf"a\:{J}smile"),
        ("-> a -- b >= c", rf"{J}-\> a {J}-- b {J}\>= c"),
        ("- a", r"\- a"),
        ("1. a", r"1\. a"),
        ("12) a", r"12\) a"),
        ("Reason: 10.5 mm, 12:30.", r"Reason: 10.5 mm, 12\:30."),
        ("a\n\n# b\t c", r"a \# b c"),
        ("    code", "code"),
        (r"Doe\1", r"Doe\\1"),
        ("M\udcfcller", "M\U0010f7fcller"),
    ],
)
def test_literal_text_with_meaning_is_escaped(text, markdown):
    assert literal(text) == markdown


def test_literal_table_escapes_headings_and_texts_and_keeps_numbers():
    table = literal_table(pd.DataFrame({"_a_": ["*x*", None], "n": [1, -2]}))
    assert list(table.columns) == [r"\_a\_", "n"]
    assert table[r"\_a\_"].tolist()[0] == r"\*x\*"
    assert table["n"].tolist() == [1, -2]


class Finder(ast.NodeVisitor):
    """Collects the arguments that Streamlit interprets and that may hold foreign text."""

    def __init__(self, file: str) -> None:
        self.file, self.unsafe = file, []
        self.assigned: list[dict[str, list[ast.expr]]] = [{}]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.assigned.append(assignments(node))
        if node.name in MARKDOWN_FUNCTIONS:
            for returned in (child for child in ast.walk(node) if isinstance(child, ast.Return)):
                self.check(returned.value)
        self.generic_visit(node)
        self.assigned.pop()

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else None
        if name in INTERPRETED or name in ("progress", "image", "page_link"):
            for argument in node.args[: INTERPRETED.get(name, 0)]:
                self.check(argument)
            for keyword in node.keywords:
                if keyword.arg in KEYWORDS:
                    self.check(keyword.value)
        self.generic_visit(node)

    def check(self, argument: ast.expr) -> None:
        if not self.is_safe(argument):
            self.unsafe.append(f"{self.file}:{argument.lineno}: {ast.unparse(argument)}")

    def is_safe(self, node: ast.expr, depth: int = 0) -> bool:
        parts = self.parts(node)
        return parts is not None and depth < 12 and all(self.is_safe(part, depth + 1) for part in parts)

    def parts(self, node: ast.expr) -> list[ast.expr] | None:
        """Return the expressions that a text consists of: none of a constant, None if it may be foreign."""
        parts: list[ast.expr] | None = None
        match node:
            case ast.Constant():
                parts = []
            case ast.FormattedValue(format_spec=ast.JoinedStr([ast.Constant(spec)])) if no_text_has(spec):
                parts = []
            case ast.FormattedValue(value=value) | ast.Starred(value) | ast.Subscript(value) | ast.Attribute(value):
                parts = [value]
            case ast.JoinedStr(values) | ast.BoolOp(values=values) | ast.List(values) | ast.Tuple(values):
                parts = values
            case ast.IfExp(body=left, orelse=right) | ast.BinOp(left=left, right=right):
                parts = [left, right]
            case (
                ast.Call(func=ast.Attribute(attr="join"), args=[value]) | ast.Call(func=ast.Name("list"), args=[value])
            ):
                parts = [value]
            case ast.Call(func=ast.Name(name)) if name in TRUSTED:
                parts = []
            case ast.Name(name) if name.isupper() or (self.file, name) in TRUSTED_NAMES:
                parts = []
            case ast.Name(name):
                parts = next((scope[name] for scope in reversed(self.assigned) if name in scope), None)
        return parts


def no_text_has(spec: str) -> bool:
    """Return whether Python formats no text so, but numbers and times only."""
    try:
        format("text", spec)
    except ValueError:
        return True
    return False


def assignments(function: ast.FunctionDef) -> dict[str, list[ast.expr]]:
    """Return what a function assigns or appends to each of its variables."""
    values: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(name)], value=value) | ast.NamedExpr(target=ast.Name(name), value=value):
                values.setdefault(name, []).append(value)
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=value):
                for target in names:
                    values.setdefault(ast.unparse(target), []).append(value)
            case ast.Call(func=ast.Attribute(value=ast.Name(name), attr="append"), args=[value]):
                values.setdefault(name, []).append(value)
    return values


def interpreted(source: str, file: str = "page.py") -> list[str]:
    finder = Finder(file)
    finder.visit(ast.parse(source))
    return finder.unsafe


@pytest.mark.parametrize(
    "call",
    [
        "st.markdown(name)", "st.error(str(error))", 'st.caption(f"File {file}")', "column.metric('a', value)",
        "st.button('a', help=text)", "st.table(rows)", "st.tabs(names)", "st.image(x, caption=name)",
        'st.progress(0.5, text=" · ".join(names))', "st.pills('a', options)", "text = dataset.name; st.write(text)",
        'st.info(f"{name:>9}")', 'st.info(f"{name:.80}")', 'st.info(f"{name:{width}}")',
    ],
)  # fmt: skip
def test_finder_of_interpreted_text_finds_foreign_text(call):
    assert len(interpreted(f"def f():\n    {call}")) == 1


@pytest.mark.parametrize(
    "call",
    [
        "st.markdown('**a**')", 'st.error(literal(error))', 'st.caption(f"{n:,} of {literal(name)}")', "st.info(NO_MATCH)",
        "st.table(literal_table(rows))", "st.selectbox('a', names)", "st.dataframe(rows)", "st.image(name)",
        'st.info(f"{share:.0%} on {day:%Y-%m-%d}")',
    ],
)  # fmt: skip
def test_finder_of_interpreted_text_accepts_literal_text(call):
    assert interpreted(f"def f():\n    {call}") == []


def test_pages_and_components_pass_foreign_text_through_literal():
    files = [*ROOT.glob("ui/**/*.py"), *ROOT.glob("pages/*.py"), ROOT / "app.py"]
    unsafe = [line for path in files for line in interpreted(path.read_text(), path.relative_to(ROOT).as_posix())]
    assert unsafe == []


def test_every_function_of_streamlit_that_reads_markdown_is_known():
    """So that the finder above looks at the functions of the next version, too."""
    functions = {name: value for name, value in vars(st).items() if callable(value) and not name.startswith("_")}
    reading = {
        name
        for name, function in functions.items()
        if not inspect.isclass(function) and MARKDOWN_PARAMETERS & set(inspect.signature(function).parameters)
    }
    assert {"markdown", "button", "radio"} <= reading
    assert reading - set(INTERPRETED) - set(NOT_INTERPRETED) - {"image"} == set()


def test_pages_and_components_allow_no_html():
    sources = "".join(path.read_text() for path in [*ROOT.glob("ui/**/*.py"), *ROOT.glob("pages/*.py")])
    sources = sources.replace("st.html(STYLES)", "")  # a style sheet of this repository
    sources = sources.replace("st.column_config.ImageColumn(width=40)", "")  # of pictures made here, as data
    assert not re.findall(r"unsafe_allow_html|st\.html|LinkColumn|ImageColumn|MarkdownColumn", sources)


def test_sentences_of_the_core_hold_no_markdown():
    """Pages show them literally, so that their signs would be seen."""
    sentences = [
        f"{path.name}:{node.lineno}"
        for path in ROOT.glob("mammo_core/**/*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.JoinedStr)
        for part in node.values
        if isinstance(part, ast.Constant) and re.search(r"\*\*|:small\[|-badge\[|:material/", str(part.value))
    ]
    assert sentences == []
