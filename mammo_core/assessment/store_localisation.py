"""Play the pointing game on the images of a prepared store."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mammo_core.dataset.lesion_annotations import boxes_in_input, read_lesions
from mammo_core.dataset.mark_lesions import read_counted_marks, with_marks
from mammo_core.dataset.store import Store, parse_geometry
from mammo_core.documents.lesions import LesionAnnotation
from mammo_core.documents.progress import ShouldStop, never_stop
from mammo_core.documents.report import Localisation
from mammo_core.evaluation.localisation import LesionImage, localisation
from mammo_core.learning.cancellation import batches
from mammo_core.prediction.predictor import Predictor
from mammo_core.workspace import Workspace


@dataclass(frozen=True)
class StoreLesions:
    """The malignant lesions that are known of evaluated images.

    Attributes:
        boxes: `LesionAnnotation.box_columns` of each lesion, by image_id: those of lesions.csv and those that readers marked.
        marks: how many of them readers marked.
        notes: sentences on what counts as a lesion and what doesn't; empty where lesions.csv is all there is.
    """

    boxes: dict[str, pd.DataFrame]
    marks: int
    notes: tuple[str, ...]

    @property
    def version(self) -> str:
        """SHA-256 of the lesions; empty without any."""
        if not self.boxes:
            return ""
        numbers = [(image, table.to_numpy(np.float64).tolist()) for image, table in sorted(self.boxes.items())]
        return hashlib.sha256(repr((numbers, self.marks)).encode()).hexdigest()


def read_store_lesions(workspace: Workspace, store: Store, images: pd.DataFrame) -> StoreLesions:
    """Read the malignant lesions of the positive images that a model is evaluated on.

    Args:
        workspace: with readers' marks.
        store: whose data set may have a lesions.csv and marks.
        images: of the store, with image_id and label.

    Raises:
        DataError: source.json of the store is missing or not readable.
    """
    known = read_lesions(store.read_csv_path().parent)
    counted = read_counted_marks(workspace, store.source(), images)
    positive = set(images.loc[images["label"] == 1, "image_id"].astype(str))
    columns = list(LesionAnnotation.box_columns)
    boxes = {
        image: table[columns]
        for image, table in with_marks(known.malignant(), counted.marks).items()
        if image in positive
    }
    return StoreLesions(boxes, len(counted.marks), tuple(note for note in (known.note, counted.note) if note))


def locate_lesions(
    load: Callable[[], Predictor], store: Store, lesions: StoreLesions, should_stop: ShouldStop = never_stop
) -> Localisation | None:
    """Play the pointing game with the lesions that are known of a store's images.

    Args:
        load: returns the model; called only if there are lesions.
        store: with the images.
        lesions: see `read_store_lesions`.
        should_stop: checked before each batch.

    Returns:
        None if no lesions are known, or the network has no activation maps.

    Raises:
        Cancelled: a stop is requested.
        DataError: an image can't be read.
    """
    if not lesions.boxes:
        return None
    located = localisation(_lesion_images(load(), store, lesions, should_stop))
    return None if located is None else located.model_copy(update={"marks": lesions.marks})


def _lesion_images(
    predictor: Predictor, store: Store, lesions: StoreLesions, should_stop: ShouldStop
) -> Iterator[LesionImage]:
    """Yield activation map and lesion boxes of each image.

    There are none if the network has no activation maps.
    """
    manifest = store.manifest()
    table = manifest[manifest["image_id"].astype(str).isin(lesions.boxes.keys())]
    for batch in batches(np.arange(len(table)), should_stop):
        rows = table.iloc[batch]
        images = store.images(rows["png"].to_list())
        cams = predictor.activation_maps(images)
        if cams is None:
            return
        for (_, row), image, cam in zip(rows.iterrows(), images, cams, strict=True):
            boxes = boxes_in_input(lesions.boxes[str(row["image_id"])], parse_geometry(row["geometry"]))
            yield LesionImage(str(row["patient_id"]), cam, image > 0, boxes)
