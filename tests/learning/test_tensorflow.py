import os
import subprocess
import sys

import pytest

from mammo_core.settings import PROJECT

CHECK = """
import os, sys
before = dict(os.environ)
import mammo_core.learning.plan, mammo_core.learning.training_data
print("tensorflow" in sys.modules, "keras" in sys.modules, dict(os.environ) == before)
import mammo_core.learning.networks
print(sys.modules["keras"].backend.backend())
"""


def run_check(**variables):
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"} | variables
    return subprocess.run(
        [sys.executable, "-c", CHECK], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_import_plan_loads_no_tensorflow_and_changes_no_environment():
    assert run_check().stdout.split() == ["False", "False", "True", "tensorflow"]


@pytest.mark.slow
def test_import_networks_other_keras_backend_raises_config_error():
    done = run_check(KERAS_BACKEND="jax")
    assert done.stdout.split() == ["False", "False", "True"]
    assert "ConfigError: The environment variable KERAS_BACKEND is 'jax'." in done.stderr
