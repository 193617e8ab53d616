"""The public interface is complete and light: importing the package loads no network and changes no other library."""

import ast
import json
import os
import subprocess
import sys

import pytest

import mammo_core

HEAVY = ("tensorflow", "keras")
VARIABLES = ("KERAS_BACKEND", "TF_CPP_MIN_LOG_LEVEL")  # set where they are not, before TensorFlow is loaded


def run_python(code: str) -> str:
    """Return the standard output of a fresh interpreter."""
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_every_exported_name_exists_and_has_a_docstring():
    assert mammo_core.__all__ == sorted(mammo_core.__all__, key=lambda name: (name.islower(), name))
    for name in mammo_core.__all__:
        assert getattr(mammo_core, name).__doc__, name


def test_every_public_function_is_exported():
    own = {name for name, value in vars(mammo_core).items() if getattr(value, "__module__", "") == "mammo_core"}
    assert own | {"Workspace", "__version__"} == set(mammo_core.__all__)


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "import mammo_core",
        "import mammo_core.cli as cli; sys.argv = ['mammo', '--help']; cli.app(standalone_mode=False)",
        "[importlib.import_module(f'ui.{m.name}') for m in pkgutil.iter_modules(['ui'])]",
    ],
    ids=["package", "help", "ui"],
)
def test_import_loads_no_network_library(code):
    loaded = run_python(
        f"import sys, json, importlib, pkgutil; {code}; print(); print(json.dumps(sorted(sys.modules)))"
    ).splitlines()[-1]
    assert [name for name in HEAVY if name in json.loads(loaded)] == []


@pytest.mark.slow
def test_import_changes_no_state_of_another_library():
    code = """
import importlib, logging, os, pkgutil
import dask, distributed, pydicom
import mammo_core

def state():
    return (
        dict(os.environ),
        repr(dask.config.config),
        {name: repr(value) for name, value in vars(pydicom.config).items() if not callable(value)},
        repr(vars(pydicom.config.settings)),
        {name: logging.getLogger(name).level for name in ("pydicom", "dask", "distributed", "highdicom")},
    )

before = state()
rooms = [room.name for room in pkgutil.iter_modules(mammo_core.__path__, "mammo_core.") if room.name != "mammo_core.__main__"]
for room in rooms:
    package = importlib.import_module(room)
    if room == "mammo_core.learning" or not hasattr(package, "__path__"):
        continue  # its modules load TensorFlow: see below
    for module in pkgutil.iter_modules(package.__path__, room + "."):
        importlib.import_module(module.name)
print([old == new for old, new in zip(before, state())])
"""
    assert run_python(code).strip() == "[True, True, True, True, True]"


@pytest.mark.slow
def changed_variables(imports: str) -> list[str]:
    """Return what a fresh process prints that imports modules: the variables which that changes, and more about Keras."""
    code = f"""
import os
before = dict(os.environ)
import {imports}
import keras
print(sorted(name for name in os.environ.keys() | before.keys() if os.environ.get(name) != before.get(name)))
print(keras.config.floatx(), keras.config.image_data_format(), keras.config.dtype_policy().name)
print({{name.split(">")[0] for name in keras.saving.get_custom_objects()}})
"""
    environment = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)
    return done.stdout.splitlines()


def test_import_of_networks_changes_only_two_variables_and_names_of_layers():
    of_tensorflow = ast.literal_eval(changed_variables("tensorflow")[0])
    modules = ("networks", "phase_model", "trainer")
    variables, policy, layers = changed_variables(", ".join(f"mammo_core.learning.{name}" for name in modules))
    assert set(ast.literal_eval(variables)) - set(of_tensorflow) == set(VARIABLES)
    assert (policy, layers) == ("float32 channels_last float32", "{'mammo'}")
