"""Verify a saved model in a fresh process, before its card is written.

`python -m mammo_core.learning.verification RUN STORE DATA` is that process; its arguments are folders. It waits for a
line on its standard input, so that it can be started early and have loaded TensorFlow by the time the model is saved.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from mammo_core.dataset.store import Store, read_store
from mammo_core.documents.progress import ShouldStop, never_stop
from mammo_core.documents.verification import VERIFICATION, Verification
from mammo_core.errors import MammoError, ModelError
from mammo_core.learning.cam_network import CamNetwork
from mammo_core.learning.cancellation import Cancelled, batches
from mammo_core.learning.networks import load
from mammo_core.models.bundle import MODEL, PREDICTIONS, SAVED_PROBABILITY
from mammo_core.settings import PROJECT
from mammo_core.storage.parquet_files import read_parquet

TOLERANCE = 1e-6  # largest difference between the probabilities before saving and after loading
POLL_SECONDS = 0.5  # between two checks of the stop signal during verification


@contextmanager
def verification_process(run: Path, store: Store) -> Iterator["subprocess.Popen[str]"]:
    """Start the fresh process that will verify the model.

    It loads TensorFlow while this process evaluates. It ends when the `with` block does, and without a
    message if this process dies first.
    """
    folders = [str(path.absolute()) for path in (run, store.folder, store.data_root)]
    command = [sys.executable, "-m", "mammo_core.learning.verification", *folders]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=PROJECT, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def verify(run: Path, process: "subprocess.Popen[str]", should_stop: ShouldStop = never_stop) -> None:
    """Have the fresh process compare the reloaded predictions with the stored ones.

    The predictions are those for the validation part.

    Raises:
        ModelError: the model can't be loaded, or predicts something else.
        Cancelled: a stop is requested.
    """
    message, errors = "verify\n", ""
    while process.returncode is None:
        try:
            _, errors = process.communicate(message, POLL_SECONDS)
        except subprocess.TimeoutExpired:
            message = ""  # already sent
            if should_stop():
                raise Cancelled from None
    if process.returncode:
        last = (errors.strip().splitlines() or ["no message"])[-1]
        raise ModelError(f"The saved model can't be loaded again: {last}")
    verification = Verification.read(run / VERIFICATION)
    if not verification.verified:
        raise ModelError(
            f"The saved model failed verification: after reloading, its predictions on {verification.images:,} validation "
            f"images differ by up to {verification.largest_difference:.2g}. The checkpoint is kept; resume to save it again."
        )


def verify_saved_model(run: Path, store: Store) -> Verification:
    """Compare the reloaded model's probabilities with the stored ones.

    The probabilities are those of the validation part.

    Args:
        run: the run folder; verification.json is written there.
        store: the prepared store on which the model was trained.
    """
    stored = read_parquet(run / PREDICTIONS).query("part == 'validation'")
    pngs = store.manifest().set_index("image_id").loc[stored["image_id"], "png"].to_numpy()
    network = CamNetwork(load(run / MODEL))  # as in the export and in the predictor
    reloaded = [
        network.run(store.images(pngs[batch].tolist()), with_cam=False).raw_probability
        for batch in batches(np.arange(len(pngs)))
    ]
    expected = stored[SAVED_PROBABILITY if SAVED_PROBABILITY in stored else "raw_probability"]
    difference = float(np.abs(np.concatenate(reloaded) - expected).max())
    verification = Verification(verified=difference <= TOLERANCE, largest_difference=difference, images=len(pngs))
    verification.write(run / VERIFICATION)
    return verification


if __name__ == "__main__" and sys.stdin.readline():
    run_folder, store_folder, data_root = map(Path, sys.argv[1:])
    try:
        verify_saved_model(run_folder, read_store(store_folder, data_root))
    except MammoError as error:
        sys.exit(str(error))  # the last line, which `verify` quotes
