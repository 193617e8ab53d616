"""Give the shipped model the present head of its network.

Run it as `python -m benchmarks.convert_demo_model`.

For a shipped model that was trained while heads saw texture on one grid. It classifies by its lesion map alone, so its
texture weighs nothing, and a head that sees texture on several grids predicts the same. Only the mean and the deviation of
the new texture are measured, on training images. The converted network is saved, loaded and compared with the earlier one
on all validation images: a probability that differs by more than 1e-6 stops it. Predictions, report and verification.json
stay those of the training: the generator may have changed since, so that its phantoms differ by a few grey levels.

Needs the phantoms of `python -m benchmarks.demo_model`, and generates and prepares them if they aren't there.
"""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.demo_model import NAME, phantom_store, ship
from mammo_core.dataset.store import Store
from mammo_core.errors import MammoError, ModelError
from mammo_core.learning._tensorflow import keras
from mammo_core.learning.cam_network import CamNetwork
from mammo_core.learning.networks import BY_TEXTURE, STANDARDISED, build, has_texture_of_blocks, load
from mammo_core.learning.verification import TOLERANCE
from mammo_core.models.bundle import MODEL, Bundle, open_bundle, write_card
from mammo_core.models.registry import DEMO
from mammo_core.preprocess.prepare import to_tensor
from mammo_core.settings import SHIPPED_MODELS
from mammo_core.workspace import Workspace

MEASURED, BATCH = 512, 32  # training images by which texture is standardised; in a forward pass


def main() -> int:
    shipped = SHIPPED_MODELS / DEMO
    try:
        store = phantom_store(Workspace.from_environment())
        with TemporaryDirectory() as temporary:
            run = Path(temporary) / NAME
            shutil.copytree(shipped, run)
            convert_model(run, store)
            ship(run)
    except MammoError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def convert_model(folder: Path, store: Store) -> None:
    """Convert the network of a model folder, compare it and complete its card.

    Raises:
        ModelError: it can't be converted, or then predicts something else.
    """
    bundle = open_bundle(folder)
    earlier = load(bundle.network_file)
    network = convert(earlier, part_images(bundle, store, "train", MEASURED))
    network.save(folder / MODEL)
    images = part_images(bundle, store, "validation")
    before, after = (probabilities(model, images) for model in (earlier, load(folder / MODEL)))
    difference = float(np.abs(after - before).max())
    if difference > TOLERANCE:
        raise ModelError(f"The converted model predicts something else, by up to {difference:.2g}.")
    print(f"Same predictions for {len(images):,} validation images; the largest difference is {difference:.2g}.")
    write_card(folder, bundle.card.model_copy(update={"weights": int(network.count_params())}))


def part_images(bundle: Bundle, store: Store, part: str, most: int | None = None) -> np.ndarray:
    """Return the images of a model's training or validation part.

    uint8 (n, rows, columns); about `most` of them, evenly chosen.
    """
    provenance, manifest = bundle.provenance(), store.manifest().astype({"image_id": str}).set_index("image_id")
    pngs = manifest.loc[provenance.loc[provenance["part"] == part, "image_id"], "png"]
    return store.images(pngs.iloc[:: max(1, len(pngs) // most) if most else 1].tolist())


def probabilities(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Return the raw probabilities of images, float64 (n,)."""
    network = CamNetwork(model)
    parts = [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
    return np.concatenate([network.run(part, with_cam=False).raw_probability for part in parts])


def convert(earlier: keras.Model, images: np.ndarray) -> keras.Model:
    """Return a network of the present kind that predicts as one of the earlier kind.

    Args:
        earlier: the network, whose texture weighs nothing.
        images: uint8 (n, rows, columns), by which the new texture is standardised.

    Raises:
        ModelError: its texture has weights, or it is of the present kind.
    """
    if has_texture_of_blocks(earlier):
        raise ModelError("The model has the present head already.")
    if np.any(earlier.get_layer(BY_TEXTURE).get_weights()[0]):
        raise ModelError("The model classifies by its texture, too, so it can't be converted. Train it again.")
    network = build("pretrained", earlier.input_shape[1:3])
    for layer in network.layers:
        if layer.name not in (BY_TEXTURE, STANDARDISED):
            layer.set_weights(earlier.get_layer(layer.name).get_weights() if layer.weights else [])
    standardised = network.get_layer(STANDARDISED)
    texture = keras.Model(network.input, standardised.input)
    batches = [to_tensor(images[start : start + BATCH]) for start in range(0, len(images), BATCH)]
    values = np.concatenate([np.asarray(texture.predict_on_batch(batch)) for batch in batches])
    standardised.set_weights([values.mean(axis=0), values.var(axis=0)])
    return network


if __name__ == "__main__":
    sys.exit(main())
