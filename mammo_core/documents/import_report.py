"""The result of an import, as `mammo import --json` prints it."""

from mammo_core.documents.base import PrintedDocument
from mammo_core.documents.manifest import QuarantineRow


class ImportReport(PrintedDocument):
    """The result of an import.

    `prepared` + `skipped` + `quarantined` + `left_out` = `total`, unless the import was stopped.

    Attributes:
        store: name of the prepared store.
        total: images in the catalogue.
        prepared: images that this import prepared.
        skipped: images that were already there.
        quarantined: images that could not be prepared.
        left_out: images that don't count for a breast (spot, magnified, specimen, derived): training and evaluation leave
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

    def describe(self, *, retried: bool = False) -> str:
        """Return the outcome in a sentence or two.

        Args:
            retried: whether the quarantine of an earlier import was tried again.
        """
        done = self.prepared + self.skipped
        parts = [f"{done:,} {'image' if self.total == 1 else 'images'} imported"]
        if done < self.total:
            parts = [f"{done:,} of {self.total:,} images imported"]
        if self.quarantined:
            recovered = f" ({self.prepared or 'none'} recovered)" if retried and not self.stopped else ""
            parts.append(f"{self.quarantined:,} could not be read{recovered}")
        if self.left_out:
            parts.append(f"{self.left_out:,} left out of training and evaluation")
        return f"{', '.join(parts)}.{' Resume to import the others.' if self.stopped else ''}"
