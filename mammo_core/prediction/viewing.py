"""One exam of a data set: whose turn is next, how its views hang, and the picture of each."""

from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from mammo_core.dataset.catalogue import Catalogue, hanging_order
from mammo_core.dataset.lesion_annotations import read_lesions
from mammo_core.dataset.store import list_stores
from mammo_core.dicom import display, read
from mammo_core.errors import ImageError
from mammo_core.preprocess import DECODER_STEP, Geometry, PreprocessingConfig, prepare_source
from mammo_core.workspace import Workspace

Kind = Literal["positive", "lesion", "quarantined"]
KINDS: dict[Kind, str] = {"positive": "positive", "lesion": "with a lesion", "quarantined": "in quarantine"}
SHOWN_SIDE = 512  # pixels: pictures are read so that the longer side has at least twice as many


@dataclass(frozen=True)
class ViewSettings:
    """How an exam is to be shown.

    Attributes:
        levels: percentiles of the values above the lowest that become black and white; None takes the file's window.
        grey: of the 256 grey levels of the windowed picture, those that become black and white.
        opacity: of the heat, in [0, 1].
        width: of a view, in pixels of the page.
        inputs: whether what the network sees is shown beside each view.
    """

    levels: tuple[float, float] | None = None
    grey: tuple[int, int] = (0, 255)
    opacity: float = 0.6
    width: int = 280
    inputs: bool = False


@dataclass(frozen=True)
class View:
    """One image as people and the network see it.

    Attributes:
        picture: uint8 (rows, columns); the source, perhaps at reduced resolution.
        source_rows, source_columns: of the file.
        model_input: uint8 (size, size), or None where preprocessing finds no breast.
        geometry: where the model input lies in the source, or None.
        tags: technical facts on the allow-list.
        notes: sentences about what was done, or what went wrong with the model input.
    """

    picture: np.ndarray
    source_rows: int
    source_columns: int
    model_input: np.ndarray | None
    geometry: Geometry | None
    tags: dict[str, str]
    notes: tuple[str, ...]


def read_view(
    file: str | None, preprocessing: PreprocessingConfig, levels: tuple[float, float] | None, full: bool = False
) -> View:
    """Read one image, once for people and once as import and prediction do; runs in a sandboxed worker.

    Args:
        file: path of the DICOM file; missing as in the catalogue.
        preprocessing: the preprocessing of the model input.
        levels: percentiles of the values above the lowest that become black and white; None takes the file's window.
        full: at full resolution.

    Raises:
        ImageError: the file can't become a mammogram.
    """
    if file is None or pd.isna(file):
        raise ImageError("missing", "The CSV lists this image, but its file isn't there.")
    mammogram = read(Path(file), None if full else SHOWN_SIDE, max_step=DECODER_STEP)
    picture = display(mammogram, levels=levels)
    prepared, notes = None, mammogram.notes
    try:
        prepared = prepare_source(Path(file), preprocessing)
        notes += prepared.notes
    except ImageError as error:
        notes += (str(error),)
    return View(
        picture=picture,
        source_rows=mammogram.source_rows,
        source_columns=mammogram.source_columns,
        model_input=prepared.image if prepared else None,
        geometry=prepared.geometry if prepared else None,
        tags=mammogram.tags,
        notes=notes,
    )


def facts_of(images: pd.DataFrame) -> str:
    """Say in one line what the table knows of a patient: age, density, site, machine, and what was found in which breast."""
    first = images.iloc[0]
    facts = [f"{len(images)} images"]
    if pd.notna(first["age"]):
        facts.append(f"{first['age']:.0f} years")
    names = {"density": "density", "site_id": "site", "machine_id": "machine"}
    facts += [f"{title} {first[column]}" for column, title in names.items() if pd.notna(first[column])]
    if images["implant"].eq(1).fillna(False).any():
        facts.append("implant")
    for side, rows in images.groupby("laterality"):
        found = [word for word in ("cancer", "invasive", "biopsy") if rows[word].eq(1).fillna(False).any()]
        known = rows["BIRADS"].dropna()
        found += [f"BI-RADS {known.iloc[0]}"] if len(known) else []
        if found:
            facts.append(f"**{side}: {', '.join(found)}**")
    return " · ".join(facts)


def hang_rows(images: pd.DataFrame) -> list[tuple[pd.Series | None, pd.Series | None]]:
    """Order a patient's images as readers hang them.

    Returns:
        Rows of an image of the right breast and one of the left, or None: CC first, then MLO, then any other view; a view's
        repeats follow it.
    """
    rows: list[tuple[pd.Series | None, pd.Series | None]] = []
    for view in sorted(images["view"].unique(), key=hanging_order):
        sides = [images[(images["view"] == view) & (images["laterality"] == side)] for side in ("R", "L")]
        right, left = ([side.iloc[place] for place in range(len(side))] for side in sides)
        rows += zip_longest(right, left)
    return rows


def patients_of(catalogue: Catalogue, kind: Kind) -> list[str]:
    """Return the patients with a positive image, a known lesion, or an image that could not be prepared, in table order."""
    table = catalogue.table
    if kind == "positive":
        chosen = table["cancer"].eq(1).fillna(False) if "cancer" in table else pd.Series(False, index=table.index)
    elif kind == "lesion":
        lesions = read_lesions(catalogue.root)
        chosen = table["image_id"].isin([] if lesions is None else lesions["image_id"])
    else:
        chosen = table["image_id"].isin(quarantined(catalogue))
    return list(dict.fromkeys(table.loc[chosen, "patient_id"].astype(str)))


def next_patient(catalogue: Catalogue, current: str | None, kind: Kind) -> str | None:
    """Return the patient of a kind that follows the current one in table order, from the start again after the last."""
    order = list(dict.fromkeys(catalogue.table["patient_id"].astype(str)))
    wanted = set(patients_of(catalogue, kind))
    place = order.index(current) + 1 if current in order else 0
    return next((patient for patient in order[place:] + order[:place] if patient in wanted), None)


def quarantined(catalogue: Catalogue) -> dict[str, str]:
    """Return the images that an import of this data set could not prepare, with the sentence why."""
    found: dict[str, str] = {}
    for store in list_stores(Workspace.from_environment()):
        if store.csv == catalogue.csv:
            quarantine = store.quarantine()
            found |= dict(zip(quarantine["image_id"].astype(str), quarantine["detail"], strict=True))
    return found
