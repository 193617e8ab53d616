import subprocess
import sys

from mammo_core.settings import PROJECT

CHECK = """
import os, sys
os.environ["KERAS_BACKEND"] = "jax"
before = dict(os.environ)
import mammo_core.learning.plan, mammo_core.learning.training_data
print("tensorflow" in sys.modules, "keras" in sys.modules, dict(os.environ) == before)
import mammo_core.learning.networks
print(sys.modules["keras"].backend.backend())
"""


def test_import_plan_loads_no_tensorflow_and_changes_no_environment():
    done = subprocess.run([sys.executable, "-c", CHECK], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "True", "tensorflow"]
