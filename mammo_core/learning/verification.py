"""Verify a saved model in a fresh process before its card is written."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mammo_core.errors import ModelError
from mammo_core.learning.cancellation import Cancelled, ShouldStop, never_stop
from mammo_core.settings import PROJECT
from mammo_core.storage.json_files import read_json

VERIFICATION = "verification.json"
LOOK_SECONDS = 0.5  # between two looks whether someone asks to stop, while the model is verified


@contextmanager
def verifier(run: Path, store: Path) -> Iterator["subprocess.Popen[str]"]:
    """Start the fresh process that will verify the model; it loads TensorFlow while this one judges.

    It waits for a line on its standard input, and ends without a word if this process ends instead; it ends with the block.
    """
    folders = [str(path.absolute()) for path in (run, store)]
    command = [sys.executable, "-m", "mammo_core.learning.verify_saved_model", *folders]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=PROJECT, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def verify(run: Path, process: "subprocess.Popen[str]", should_stop: ShouldStop = never_stop) -> None:
    """Let the fresh process compare the loaded model's predictions on the validation part with the stored ones.

    Raises:
        ModelError: it can't be loaded, or says something else.
        Cancelled: someone asks to stop.
    """
    message, errors = "verify\n", ""
    while process.returncode is None:
        try:
            _, errors = process.communicate(message, LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            message = ""  # it has been said
            if should_stop():
                raise Cancelled from None
    if process.returncode:
        last = (errors.strip().splitlines() or ["no message"])[-1]
        raise ModelError(f"The saved model can't be loaded again: {last}")
    found = read_json(run / VERIFICATION)
    if not found["verified"]:
        raise ModelError(
            f"The saved model isn't sound: loaded again, its answers to {found['images']:,} validation images differ by up "
            f"to {found['largest_difference']:.2g} from those before. The checkpoint is kept; resume to save it again."
        )
