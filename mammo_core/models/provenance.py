"""Record which images a model, and the models it started from, were trained on."""

from pathlib import Path

import pandas as pd

from mammo_core.models.bundle import IMAGE_KEY, Bundle
from mammo_core.storage.atomic import atomic_path


def write_provenance(path: Path, split: pd.DataFrame, start: Bundle | None) -> None:
    """Write the training and validation images of a model and of its start model.

    An image that is in several models' parts counts as "train" if any of them was fitted to it.

    Args:
        path: the file, see `Bundle.provenance`.
        split: the images of the run: patient_id, image_id and part, one row per image; test images are left out.
        start: the model that the run starts from.
    """
    own = split.loc[split["part"] != "test", [*IMAGE_KEY, "part"]].astype(str)
    tables = [own, start.provenance()] if start else [own]
    merged = pd.concat(tables).groupby(IMAGE_KEY, as_index=False)["part"].min()  # "train" sorts before "validation"
    with atomic_path(path) as temporary:
        merged.to_parquet(temporary, index=False)
