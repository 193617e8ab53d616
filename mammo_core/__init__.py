"""Explore, prepare, train, evaluate and predict on screening mammograms.

The public interface:

    Workspace         the data and models folders that the functions below work in
    read_mammogram    read a DICOM file
    import_dataset    turn a data set into a prepared store
    train             train a network on a prepared store
    open_model        open and check a model
    evaluate          evaluate a model on patients that it has not seen
    predict_exams     predict from DICOM files

`import mammo_core` loads none of it: each name loads its module when it is first used. docs/quickstart.md shows all of
them at work, docs/architecture.md the rooms behind them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mammo_core.api import evaluate, import_dataset, open_model, predict_exams, train
    from mammo_core.dicom import read as read_mammogram
    from mammo_core.workspace import Workspace

__version__ = "0.1.0"

__all__ = [
    "Workspace",
    "__version__",
    "evaluate",
    "import_dataset",
    "open_model",
    "predict_exams",
    "read_mammogram",
    "train",
]

_MODULES = {"Workspace": "mammo_core.workspace", "read_mammogram": "mammo_core.dicom"}
_NAMES = {"read_mammogram": "read"}  # in their module


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULES.get(name, "mammo_core.api")), _NAMES.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
