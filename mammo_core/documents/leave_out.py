"""The leave-out list of a data set, as `mammo exclude --json` prints it."""

from typing import ClassVar

from pydantic import AwareDatetime

from mammo_core.documents.base import Document, FileDocument, PrintedDocument

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


class LeaveOutList(PrintedDocument, FileDocument):
    """The list of a data set.

    Attributes:
        dataset: its name, for whoever reads the file.
        images: in the order in which they were put on the list, each once.
    """

    folder_name: ClassVar = "leave-out"
    dataset: str
    images: tuple[LeftOutImage, ...] = ()

    @property
    def reasons(self) -> dict[str, str]:
        """The reason by image_id."""
        return {image.image_id: image.reason for image in self.images}

    def describe(self) -> str:
        """Return the number of images in one sentence."""
        count = len(self.images)
        return f"{count:,} {'image of this data set is' if count == 1 else 'images of this data set are'} left out."
