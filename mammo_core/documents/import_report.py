"""The result of an import, as `mammo import --json` prints it."""

from mammo_core.documents.base import Document
from mammo_core.documents.manifest import QuarantineRow


class ImportReport(Document):
    """The result of an import.

    `prepared` + `skipped` + `quarantined` + `left_out` = `total`, unless the import was stopped.

    Attributes:
        store: name of the prepared store.
        total: images in the catalogue.
        prepared: images that this import prepared.
        skipped: images that were already there.
        quarantined: images that could not be prepared.
        left_out: images that don't answer for a breast (spot, magnified, specimen, derived): training and evaluation leave
            them out.
        seconds: wall time.
        stopped: whether it was stopped before the end.
        quarantine: the images that could not be prepared, in the catalogue's order.
        left_out_images: the images that are left out, likewise.
    """

    store: str
    total: int
    prepared: int
    skipped: int
    quarantined: int
    left_out: int = 0
    seconds: float
    stopped: bool = False
    quarantine: tuple[QuarantineRow, ...] = ()
    left_out_images: tuple[QuarantineRow, ...] = ()
