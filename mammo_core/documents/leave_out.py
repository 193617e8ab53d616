"""The images of a data set that somebody has put on its leave-out list."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from mammo_core.documents.base import Document, FileDocument

MAX_REASON = 200  # characters


class LeftOutImage(Document):
    """An image on the list.

    Attributes:
        image_id: the image, as in the data set's table.
        reason: why, in words.
        since: when it was put on the list.
    """

    image_id: str
    reason: str
    since: AwareDatetime


class LeaveOutList(FileDocument):
    """The list of a data set.

    Attributes:
        dataset: its name, for whoever reads the file.
        images: in the order in which they were put on the list, each once.
    """

    folder_name: ClassVar = "leave-out"
    schema_version: Literal[1] = 1
    dataset: str
    images: tuple[LeftOutImage, ...] = ()

    @property
    def reasons(self) -> dict[str, str]:
        """The reason by image_id."""
        return {image.image_id: image.reason for image in self.images}
