"""`python -m mammo_core.learning.verify RUN`: does the saved model say what it said before it was saved?

It begins at a line on standard input, so that it can be started, and have loaded everything, before the model is saved.
"""

import sys
from pathlib import Path

import numpy as np

from mammo_core.dataset.store import open_store
from mammo_core.files import write_json
from mammo_core.learning.callbacks import predict
from mammo_core.learning.finish import VERIFICATION
from mammo_core.learning.network import load
from mammo_core.models import open_bundle

TOLERANCE = 1e-6  # between the probabilities before saving and after loading


def verify(run: Path) -> float:
    """Compare the loaded model's probabilities on the validation part with the stored ones; write verification.json.

    Returns:
        The largest difference.
    """
    bundle = open_bundle(run)
    store = open_store(bundle.card["data"]["store"])
    stored = bundle.predictions().query("part == 'validation'")
    pngs = store.manifest().set_index("image_id").loc[stored["image_id"], "png"].to_list()
    model = load(bundle.weights)
    difference = float(np.abs(predict(model, store.images(pngs)) - stored["raw_probability"]).max())
    verified = difference <= TOLERANCE
    write_json(run / VERIFICATION, {"verified": verified, "largest_difference": difference, "images": len(pngs)})
    return difference


if __name__ == "__main__" and sys.stdin.readline():
    verify(Path(sys.argv[1]))
