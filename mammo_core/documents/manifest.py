"""Entries of a prepared store.

They are images that were prepared, and images that could not be.
"""

from typing import Literal

from pydantic import Field

from mammo_core.documents.acquisition import Acquisition
from mammo_core.documents.base import Document
from mammo_core.errors import Reason

LEFT_OUT: Reason = "left_out"

SideMarker = Literal["not read", "illegible", "L", "R", "mirrored L", "mirrored R"]


class PngEntry(Document):
    """What a prepared PNG records about itself, as JSON in its text chunk.

    Attributes:
        image_id: the image's identifier in the catalogue.
        geometry: where the model input lies in its source, as the JSON text of a `Geometry`.
        source_version: size in bytes and modification time in ns of the file that it was made from, as text; empty in
            stores of earlier versions. An image whose file has changed since is made again.
        kind_checked: whether the file's header was checked for a special image. Earlier versions didn't check; the next import
            does, and leaves such images out.
        side_marker: the side that is burnt into the image beside the breast, "illegible" where there is none or none that is
            clear; mirrored if the letters are. Earlier versions didn't read it.
    """

    image_id: str
    geometry: str
    source_version: str = ""
    kind_checked: bool = False
    side_marker: SideMarker = "not read"


class PreparedImage(PngEntry):
    """One row of manifest.parquet, without the columns of the catalogue.

    Attributes:
        png: path of the PNG, relative to the store's folder.
        sha256: SHA-256 of the PNG file, 64 hex digits.
    """

    png: str
    sha256: str


class MeasuredImage(PreparedImage):
    """A prepared image with what its header tells, which the manifest doesn't hold.

    Attributes:
        acquisition: how the image was acquired; acquisition.parquet holds it.
    """

    acquisition: Acquisition


class QuarantineRow(Document):
    """One row of quarantine.parquet: an image that is not in the store.

    Attributes:
        image_id: the image's identifier in the catalogue.
        file: absolute path of its file; None if there is no file.
        reason: code of the reason; "left_out" if the image is sound and doesn't count for a breast.
        detail: the reason in one sentence.
    """

    image_id: str
    file: str | None
    reason: Reason
    detail: str

    @property
    def is_left_out(self) -> bool:
        """Whether the image is sound, and left out of training and evaluation."""
        return self.reason == LEFT_OUT


class QuarantinedImage(QuarantineRow):
    """One line of carried_over.jsonl: a quarantined image and its file's version.

    The version is that of the file that was tried.

    Attributes:
        version: the file's size in bytes and modification time in ns; empty without a file.
    """

    version: tuple[int, ...] = Field(max_length=2)

    @property
    def row(self) -> QuarantineRow:
        """The image as quarantine.parquet and the import report list it."""
        return QuarantineRow(image_id=self.image_id, file=self.file, reason=self.reason, detail=self.detail)
