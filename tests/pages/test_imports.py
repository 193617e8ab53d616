"""Pages and app.py only wire: they import Streamlit, the components and the core."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py"))]
ALLOWED = {"streamlit", "ui", "mammo_core"}
EXCEPTIONS = {
    "app.py": {"starlette", "pathlib"},  # it configures the server before any page runs
    "explore.py": {"functools"},
}


def imported_packages(tree: ast.Module) -> set[str]:
    """Return the top-level packages that a module imports anywhere."""
    packages: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                packages |= {alias.name.partition(".")[0] for alias in names}
            case ast.ImportFrom(module=str() as module):
                packages.add(module.partition(".")[0])
    return packages


def test_imported_packages_sees_nested_imports():
    tree = ast.parse("import a.b\nfrom c.d import e\ndef f():\n    import g as h\n")
    assert imported_packages(tree) == {"a", "c", "g"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_page_imports_only_streamlit_components_and_core(path):
    allowed = ALLOWED | EXCEPTIONS.get(path.name, set())
    assert imported_packages(ast.parse(path.read_text(encoding="utf-8"))) - allowed == set()
