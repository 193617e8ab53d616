"""Return what models have predicted for a store's images, where that was kept."""

from contextlib import suppress

import pandas as pd

from mammo_core.assessment.kept_evaluations import has_current_evaluation, kept_predictions
from mammo_core.dataset.store import Store
from mammo_core.errors import MammoError
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import compatible_models, model_folder
from mammo_core.workspace import Workspace


def predicting_models(workspace: Workspace, store: Store) -> list[str]:
    """Return the names of models whose predictions for a store are kept."""
    names = []
    for name in compatible_models(workspace, store.preprocessing):
        with suppress(MammoError):  # of a damaged model, which the models page reports
            bundle = open_bundle(model_folder(workspace, name))
            if bundle.card.data.store == store.name or has_current_evaluation(workspace, bundle, store.name):
                names.append(name)
    return names


def image_predictions(workspace: Workspace, model: str, store: Store) -> pd.Series:
    """Return the probability of cancer of a store's images.

    They are those of the validation and test images of the model's own data, or of its evaluation on the store.

    Args:
        workspace: that holds both.
        model: one of `predicting_models`.
        store: the store.

    Returns:
        float, by image_id; images that weren't predicted are missing.

    Raises:
        MammoError: the model or its predictions are damaged.
    """
    bundle = open_bundle(model_folder(workspace, model))
    own = bundle.card.data.store == store.name
    table = bundle.predictions() if own else kept_predictions(workspace, bundle, store.name)
    return table.assign(image_id=table["image_id"].astype("str")).groupby("image_id")["probability"].mean()
