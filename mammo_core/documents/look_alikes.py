"""What a check keeps so that similar breasts can be searched."""

from typing import ClassVar, Literal

from pydantic import Field

from mammo_core.documents.base import FileDocument


class LookAlikeIndex(FileDocument):
    """The file look-alikes.json in a store's folder.

    A distance is the root mean square of the differences between two breasts' features, in standard deviations of the store.

    Attributes:
        schema_version: of this document.
        images: hash of the manifest's column sha256; another one means that the store has changed since the check.
        vectors: name of the file of the images' features, beside this one.
        typical: median distance of a breast of the store from the nearest one of another patient.
        far: distance that nine in ten of these don't reach.
        limit: distance from which a breast resembles no other one.
    """

    file_name: ClassVar = "look-alikes.json"
    schema_version: Literal[1] = 1
    images: str
    vectors: str = Field(pattern=r"^look-alikes-v\d+-[0-9a-f]+\.npy$")
    typical: float = Field(ge=0)
    far: float = Field(ge=0)
    limit: float = Field(ge=0)
