"""`python -m mammo_core.learning.verify RUN STORE`: does the saved model say what it said before it was saved?

It begins at a line on standard input, so that it can be started, and have loaded everything, before the model is saved.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from mammo_core.dataset.store import open_store
from mammo_core.learning.callbacks.validation import predict
from mammo_core.learning.cancellation import batches
from mammo_core.learning.networks import load
from mammo_core.learning.verification import VERIFICATION
from mammo_core.models.bundle import MODEL, PREDICTIONS
from mammo_core.storage.json_files import write_json
from mammo_core.workspace import Workspace

TOLERANCE = 1e-6  # between the probabilities before saving and after loading


def verify(run: Path, store_folder: Path) -> float:
    """Compare the loaded model's probabilities on the validation part with the stored ones; write verification.json.

    Args:
        run: the run folder.
        store_folder: of the prepared store that it was trained on, absolute.

    Returns:
        The largest difference.
    """
    store = open_store(Workspace.from_environment(), str(store_folder))
    stored = pd.read_parquet(run / PREDICTIONS).query("part == 'validation'")
    pngs = store.manifest().set_index("image_id").loc[stored["image_id"], "png"].to_numpy()
    model = load(run / MODEL)
    found = [predict(model, store.images(pngs[batch].tolist())) for batch in batches(np.arange(len(pngs)))]
    difference = float(np.abs(np.concatenate(found) - stored["raw_probability"]).max())
    verified = difference <= TOLERANCE
    write_json(run / VERIFICATION, {"verified": verified, "largest_difference": difference, "images": len(pngs)})
    return difference


if __name__ == "__main__" and sys.stdin.readline():
    verify(Path(sys.argv[1]), Path(sys.argv[2]))
