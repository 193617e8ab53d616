"""Record which images a model, and the models that it started from, have been fitted to."""

from pathlib import Path

import pandas as pd

from mammo_core.models.bundle import IMAGE, Bundle


def write_provenance(path: Path, split: pd.DataFrame, start: Bundle | None) -> None:
    """Write whom a model will have learnt from.

    Args:
        path: the file.
        split: patient_id, image_id and part of the images that it is trained on, one row an image.
        start: the model that it starts from.
    """
    own = split.loc[split["part"] != "test", [*IMAGE, "part"]].astype(str)
    parts = [own, start.provenance()] if start else [own]
    pd.concat(parts).groupby(IMAGE, as_index=False)["part"].min().to_parquet(path, index=False)
