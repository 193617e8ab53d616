import gc
import subprocess
import sys
import weakref

import pytest

from ui.startup import spare_from_collection

SESSIONS = """
import importlib, pkgutil, random, threading
import mammo_core.evaluation
from ui.startup import import_components

failures = []
start = threading.Barrier(8)

def run_session(seed):
    start.wait()
    import_components()
    names = [module.name for module in pkgutil.iter_modules(mammo_core.evaluation.__path__, "mammo_core.evaluation.")]
    for name in random.Random(seed).sample(names, len(names)):
        importlib.import_module(name)

threading.excepthook = lambda hook: failures.append(hook.exc_value)
sessions = [threading.Thread(target=run_session, args=(seed,)) for seed in range(8)]
for session in sessions:
    session.start()
for session in sessions:
    session.join()
print(failures)
"""


@pytest.mark.slow
def test_sessions_that_start_at_the_same_moment_all_get_their_modules():
    process = subprocess.run([sys.executable, "-c", SESSIONS], check=True, capture_output=True, text=True)
    assert process.stdout.strip() == "[]"


class Loaded:
    """Something that refers to itself, so that only a collection frees it."""

    def __init__(self):
        self.itself = self


def test_spare_from_collection_leaves_out_what_is_loaded_until_the_next_call():
    loaded = Loaded()
    released = weakref.ref(loaded)
    spare_from_collection()
    try:
        del loaded
        gc.collect()
        assert released() is not None
        spare_from_collection()
        assert released() is None
    finally:
        gc.unfreeze()
