"""Marks as readers draw them."""

from datetime import UTC, datetime
from typing import Any

from mammo_core.dataset.catalogue import Catalogue
from mammo_core.dataset.library import describe_source
from mammo_core.dataset.marks import MarkedImage, change_mark
from mammo_core.documents.marks import Mark, MarkChange, MarkedRegion
from mammo_core.workspace import Workspace

TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def mark_id(number: int) -> str:
    return f"{number:032x}"


def make_region(image: str = "7", **changes: Any) -> MarkedRegion:
    """A box of 40 rows and 60 columns."""
    values: dict[str, Any] = {
        "image_id": image,
        "shape": "box",
        "kind": "mass",
        "finding": "malignant",
        "top": 10.0,
        "left": 20.0,
        "bottom": 50.0,
        "right": 80.0,
    }
    return MarkedRegion(**(values | changes))


def make_mark(number: int = 1, image: str = "7", **changes: Any) -> Mark:
    own = {"patient_id": "3", "laterality": "R", "view": "CC", "author": "Ann", "time": TIME, "version": 1}
    region = make_region(image, **{name: value for name, value in changes.items() if name not in own})
    return Mark(**dict(region), id=mark_id(number), **(own | {name: changes[name] for name in own if name in changes}))


def draw(
    workspace: Workspace, catalogue: Catalogue, number: int, image: str, author: str = "Ann", **changes: Any
) -> None:
    """Draw a mark on an image of a data set."""
    row = catalogue.table.set_index("image_id").loc[image]
    change_mark(
        workspace,
        describe_source(workspace, catalogue),
        MarkChange(id=mark_id(number), version=0, region=make_region(image, **changes), author=author),
        MarkedImage(image, str(row["patient_id"]), str(row["laterality"]), str(row["view"])),
        TIME,
    )
