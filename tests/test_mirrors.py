"""Every module with a function or method has a file of tests of its own, at the same place below tests/."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXCEPTIONS = {  # module: where its behaviour is tested, or why there is none
    "mammo_core/__init__.py": "the public functions: tests/test_public_api.py and tests/test_quickstart.py",
    "mammo_core/dataset/worker_pool.py": "a protocol without code; tests/jobs/test_cluster.py has its implementation",
}
MODULES = sorted(
    path.relative_to(ROOT) for folder in ("mammo_core", "ui", "pages") for path in (ROOT / folder).rglob("*.py")
)


def defines_a_function(source: str) -> bool:
    """Return whether a module has code of its own, beyond fields and constants."""
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(ast.parse(source)))


def mirror(module: Path) -> Path:
    """Return the file of a module's tests; that of a package is beside the package's folder."""
    package = module.name == "__init__.py"
    folder = module.parent.parent if package else module.parent
    name = module.parent.name if package else module.stem
    return Path("tests") / Path(*(part for part in folder.parts if part != "mammo_core")) / f"test_{name}.py"


@pytest.mark.parametrize(
    ("module", "tests"),
    [
        ("mammo_core/cli/__init__.py", "tests/test_cli.py"),
        ("mammo_core/learning/callbacks/validation.py", "tests/learning/callbacks/test_validation.py"),
        ("ui/live_chart/__init__.py", "tests/ui/test_live_chart.py"),
        ("pages/data.py", "tests/pages/test_data.py"),
    ],
)
def test_mirror_of_a_module(module, tests):
    assert mirror(Path(module)) == Path(tests)


def test_defines_a_function_sees_methods():
    assert defines_a_function("class A:\n    def b(self):\n        pass\n")
    assert not defines_a_function("class A:\n    b: int = 1\n")


def test_every_module_with_code_has_its_tests():
    with_code = [module for module in MODULES if defines_a_function((ROOT / module).read_text(encoding="utf-8"))]
    missing = [str(module.as_posix()) for module in with_code if not (ROOT / mirror(module)).is_file()]
    assert missing == sorted(EXCEPTIONS)
