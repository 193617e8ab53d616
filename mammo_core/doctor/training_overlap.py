"""Find the images of a store whose exposure a model has been fitted to.

Images that the model knows by name are counted. Those that it knows under another name, or from another store, are reported
one by one: no split by patients keeps them apart.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mammo_core.dataset.store import Store, open_store
from mammo_core.doctor import duplicates as pairs
from mammo_core.doctor.same_exposures import ComparedPair, Examined, pairs_between
from mammo_core.documents.doctor_report import DuplicatePair, ModelOverlap, SkippedCheck
from mammo_core.documents.progress import ShouldStop
from mammo_core.errors import ConfigError, DataError, ModelError
from mammo_core.models.bundle import IMAGE_KEY, Bundle, open_bundle
from mammo_core.models.registry import model_folder
from mammo_core.workspace import Workspace

TRAINING = "training"  # name of the check
VERBS = {"train": "was fitted to", "validation": "was selected by"}


@dataclass(frozen=True)
class TrainingData:
    """The images that a model was fitted to or selected by, where imported here.

    Attributes:
        bundle: the model.
        stores: that hold some of these images, prepared as the model expects.
        missing: why other images can't be compared, in one sentence; empty if there are none.
    """

    bundle: Bundle
    stores: tuple[Store, ...]
    missing: str = ""

    def parts(self, manifest: pd.DataFrame) -> pd.Series:
        """Return the part of each image of a store: "train", "validation", or missing."""
        known = self.bundle.provenance().drop_duplicates(IMAGE_KEY)
        merged = manifest[IMAGE_KEY].astype("str").merge(known, how="left", on=IMAGE_KEY)
        return merged["part"].set_axis(manifest.index)


@dataclass(frozen=True)
class TrainingOverlap:
    """What of a store a model has been fitted to or selected by.

    Attributes:
        overlap: its size.
        pairs: the images that the model doesn't know by name, each with its copy in the training data.
        skipped: what could not be compared.
    """

    overlap: ModelOverlap
    pairs: tuple[DuplicatePair, ...]
    skipped: tuple[SkippedCheck, ...]


def training_data(workspace: Workspace, bundle: Bundle) -> TrainingData:
    """Return the images that a model and its start models were trained on.

    Raises:
        DataError: a store that holds some is damaged.
    """
    seen = bundle.provenance()[IMAGE_KEY].drop_duplicates()
    stores, held = [], []
    for name in dict.fromkeys(_store_names(workspace, bundle)):
        with suppress(DataError, ConfigError):  # no longer there or readable: its images are counted as missing below
            store = open_store(workspace, name)
            own = store.manifest()[IMAGE_KEY].astype("str").merge(seen)
            if store.preprocessing == bundle.preprocessing and len(own):
                stores.append(store)
                held.append(own)
    known = len(pd.concat(held).drop_duplicates()) if held else 0
    return TrainingData(bundle, tuple(stores), _describe_missing(bundle, len(seen) - known, len(seen)))


def _store_names(workspace: Workspace, bundle: Bundle) -> Iterator[str]:
    """Yield the store of a model, and those of the models that it started from."""
    yield bundle.card.data.store
    names = {bundle.name}  # models can be renamed, so that one may seem to have started from itself
    start = bundle.card.config.start_from
    with suppress(ModelError):  # deleted: its images are counted as missing
        while start is not None and start not in names:
            names.add(start)
            card = open_bundle(model_folder(workspace, start)).card
            yield card.data.store
            start = card.config.start_from


def _describe_missing(bundle: Bundle, missing: int, total: int) -> str:
    if not missing:
        return ""
    if missing == total:
        return (
            f"The images that {bundle.name} was trained on are not among the imported data any more, or are prepared in another "
            "way, so only their names were compared."
        )
    return (
        f"{missing:,} of the {total:,} images that {bundle.name}, or a model before it, was trained on are not among the "
        "imported data any more, so only their names were compared."
    )


def training_overlap(
    own: Examined,
    training: TrainingData,
    stores: Mapping[str, Examined],
    duplicates: Sequence[DuplicatePair],
    should_stop: ShouldStop,
) -> TrainingOverlap | None:
    """Return what of a store a model has been fitted to or selected by.

    Args:
        own: the store.
        training: what the model was fitted to.
        stores: those of the training data, by name.
        duplicates: pairs of the store's own images that show the same exposure.
        should_stop: called often.

    Returns:
        None if a stop was requested.
    """
    bundle = training.bundle
    unseen = bundle.seen_split(own.manifest).isna().to_numpy(bool)
    reported: list[DuplicatePair] = []
    for store in training.stores:
        if store.name == own.store.name:
            reported += _pairs_of_own(own, training, unseen, duplicates)
            continue
        examined = stores[store.name]
        fitted = examined.select(training.parts(examined.manifest).notna().to_numpy(bool))
        compared = pairs_between(own, fitted, np.flatnonzero(unseen), should_stop)
        if compared is None:
            return None
        parts = training.parts(fitted.manifest)
        reported += [
            _pair(own, pair, fitted, bundle.name, parts[pair.second]) for pair in compared if pair.value >= pairs.SAME
        ]
    copies = {pair.image_a for pair in reported}
    overlap = ModelOverlap(model=bundle.name, identity=bundle.identity, named=int((~unseen).sum()), copies=len(copies))
    skipped = (SkippedCheck(check=TRAINING, reason=training.missing),) if training.missing else ()
    return TrainingOverlap(overlap, tuple(reported), skipped)


def _pair(own: Examined, pair: ComparedPair, fitted: Examined, model: str, part: str) -> DuplicatePair:
    first, second = own.manifest.iloc[pair.first], fitted.manifest.iloc[pair.second]
    return DuplicatePair(
        image_a=str(first["image_id"]),
        image_b=str(second["image_id"]),
        relation="training data",
        confidence=pairs.confidence(pair.value, pairs.SAME),
        reason=f"{model} {VERBS[part]} this exposure, in {fitted.store.name}: their textures agree to {100 * pair.value:.0f} %.",
        patient_a=str(first["patient_id"]),
        patient_b=str(second["patient_id"]),
        store=fitted.store.name,
        model=model,
        mirrored=bool(first["laterality"] != second["laterality"]),
    )


def _pairs_of_own(
    own: Examined, training: TrainingData, unseen: np.ndarray, duplicates: Sequence[DuplicatePair]
) -> Iterator[DuplicatePair]:
    """Yield the images of a model's own store that it knows under another name."""
    images = own.manifest["image_id"].astype("str")
    part_of = dict(zip(images, training.parts(own.manifest), strict=True))
    unknown = set(images[unseen])
    for pair in duplicates:
        for swapped in (pair, _swapped(pair)):
            part = part_of.get(swapped.image_b)
            if pair.store is None and swapped.image_a in unknown and part in VERBS:
                known = f"{training.bundle.name} {VERBS[part]} this exposure"
                yield swapped.model_copy(
                    update={
                        "relation": "training data",
                        "store": own.store.name,
                        "model": training.bundle.name,
                        "reason": f"{known}, which is in {own.store.name} under another patient.",
                    }
                )


def _swapped(pair: DuplicatePair) -> DuplicatePair:
    return pair.model_copy(
        update={
            "image_a": pair.image_b,
            "image_b": pair.image_a,
            "patient_a": pair.patient_b,
            "patient_b": pair.patient_a,
        }
    )
