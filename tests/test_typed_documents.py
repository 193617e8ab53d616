"""A document that crosses modules has a pydantic model: no signature that another module sees holds an untyped mapping."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
UNTYPED = re.compile(r"\b(dict|Dict|Mapping|MutableMapping)\[str, (Any|object)\]")
ALLOWED = {  # what other libraries define, by file and function
    "mammo_core/learning/callbacks/best_checkpoint.py: on_epoch_end",  # Keras' logs
    "mammo_core/learning/callbacks/metrics_logger.py: _log_step",
    "mammo_core/learning/callbacks/metrics_logger.py: on_epoch_begin",
    "mammo_core/learning/callbacks/metrics_logger.py: on_epoch_end",
    "mammo_core/learning/callbacks/metrics_logger.py: on_train_batch_end",
    "mammo_core/learning/callbacks/validation.py: is_validated",
    "mammo_core/learning/callbacks/validation.py: on_epoch_end",
    "mammo_core/learning/refit.py: on_epoch_end",
    "mammo_core/learning/refit.py: on_train_batch_end",
    "mammo_core/learning/grids.py: get_config",  # a layer's settings
    "mammo_core/learning/pooling.py: get_config",  # a layer's settings
    "mammo_core/access/people.py: read_person",  # claims of an identity token, which each provider defines
    "ui/access/sign_in.py: claims",
    "ui/access/signed_in_requests.py: cookie_claims",
    "ui/access/signed_in_requests.py: has_role",
    "ui/access/sign_in.py: auth_secrets",  # Streamlit's
    "mammo_core/figures/panels.py: _picture",
    "mammo_core/figures/style.py: titled",  # Plotly's data and layout of a figure
}


def untyped_functions(source: str) -> Iterator[str]:
    """Yield the names of functions and methods that take or return untyped documents and that other modules may see.

    These are public ones, and methods of classes whatever their name: a subclass elsewhere may override them.
    """
    tree = ast.parse(source)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    functions += [node for owner in classes for node in owner.body if isinstance(node, ast.FunctionDef)]
    for node in functions:
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        annotations = [node.returns, *(argument.annotation for argument in arguments)]
        if any(annotation is not None and UNTYPED.search(ast.unparse(annotation)) for annotation in annotations):
            yield node.name
    for owner in classes:
        for node in owner.body:
            if isinstance(node, ast.AnnAssign) and UNTYPED.search(ast.unparse(node.annotation)):
                yield f"{owner.name}.{ast.unparse(node.target)}"


def test_untyped_functions_names_what_other_modules_see():
    source = """
def a(x: dict[str, Any]): ...
def b() -> list[dict[str, Any]]:
    def inner(x: dict[str, Any]): ...
def _c(x: dict[str, Any]): ...
def d(x: Mapping[str, object]): ...
def e(x: dict[str, int]): ...
class F:
    g: dict[str, Any]
    def _h(self) -> dict[str, Any]: ...
"""
    assert list(untyped_functions(source)) == ["a", "b", "d", "_h", "F.g"]


def test_modules_exchange_typed_documents():
    untyped = {
        f"{path.relative_to(ROOT).as_posix()}: {name}"
        for folder in ("mammo_core", "ui", "pages")
        for path in (ROOT / folder).rglob("*.py")
        for name in untyped_functions(path.read_text(encoding="utf-8"))
    }
    assert untyped == ALLOWED
