"""What a check keeps so that a store's images can be shown as a map."""

from typing import ClassVar, Literal

from pydantic import Field

from mammo_core.documents.base import FileDocument


class ImageMap(FileDocument):
    """The file image-map.json in a store's folder.

    Attributes:
        schema_version: of this document.
        images: hash of the manifest's column sha256; another one means that the store has changed since the check.
        points: name of the file of coordinates beside this one, float32 (n, 2) within [-1, 1] in the order of the manifest.
        landmarks: number of images that t-SNE laid out; the others lie among those that they resemble most.
        around: number of nearest points that count as an image's surroundings.
        kept: share of the images' five nearest by features that are within their surroundings.
    """

    file_name: ClassVar = "image-map.json"
    schema_version: Literal[1] = 1
    images: str
    points: str
    landmarks: int = Field(ge=0)
    around: int = Field(ge=0)
    kept: float = Field(ge=0, le=1)

    def describe(self) -> str:
        """Return what the map keeps of the images' likeness, in one sentence."""
        share = f"{100 * self.kept:.0f} %"
        return (
            f"Of the five images that resemble an image most, {share} are among the {self.around} nearest to it here."
        )
