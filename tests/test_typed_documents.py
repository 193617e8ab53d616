"""A document that crosses modules has a pydantic model: no public signature holds `dict[str, Any]`."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
UNTYPED = "dict[str, Any]"
FOREIGN = {  # what other libraries define
    *("on_epoch_begin", "on_epoch_end", "on_train_batch_end", "get_config", "is_validated"),  # Keras: logs and settings
    "titled",  # Plotly: a figure's data and layout
}


def untyped_functions(source: str) -> Iterator[str]:
    """Yield the names of public functions and methods that take or return untyped documents."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            annotations = [node.returns, *(argument.annotation for argument in arguments)]
            if any(annotation is not None and UNTYPED in ast.unparse(annotation) for annotation in annotations):
                yield node.name


def test_untyped_functions_sees_arguments_and_results_of_public_functions():
    source = "def a(x: dict[str, Any]): ...\ndef b() -> list[dict[str, Any]]: ...\ndef _c(x: dict[str, Any]): ...\ndef d(): ..."
    assert list(untyped_functions(source)) == ["a", "b"]


def test_public_functions_take_and_return_typed_documents():
    untyped = {
        name
        for folder in ("mammo_core", "ui", "pages")
        for path in (ROOT / folder).rglob("*.py")
        for name in untyped_functions(path.read_text(encoding="utf-8"))
    }
    assert untyped - FOREIGN == {"of_exam"}  # inside a function of prediction/summarise.py: a row of a table
