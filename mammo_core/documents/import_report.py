"""The result of an import, as `mammo import --json` prints it."""

from mammo_core.documents.base import Document
from mammo_core.documents.manifest import QuarantineRow


class ImportReport(Document):
    """The result of an import.

    `prepared` + `skipped` + `quarantined` = `total`, unless the import was stopped.

    Attributes:
        store: name of the prepared store.
        total: images in the catalogue.
        prepared: images that this import prepared.
        skipped: images that were already there.
        quarantined: images that could not be prepared.
        seconds: wall time.
        stopped: whether it was stopped before the end.
        quarantine: the images that could not be prepared, in the catalogue's order.
    """

    store: str
    total: int
    prepared: int
    skipped: int
    quarantined: int
    seconds: float
    stopped: bool = False
    quarantine: tuple[QuarantineRow, ...] = ()
