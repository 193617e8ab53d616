"""How an image was acquired, from its header."""

from mammo_core.documents.base import Document


class Acquisition(Document):
    """Technical values of an image's header; None where unknown.

    An evaluation can be divided by them. Nothing here can name a person.

    Attributes:
        manufacturer: Manufacturer (0008,0070).
        manufacturer_model: Manufacturer's Model Name (0008,1090).
        software_version: Software Versions (0018,1020).
        tube_voltage: KVP (0018,0060) in kV.
        exposure: Exposure (0018,1152) in mAs.
        compression_force: Compression Force (0018,11A2) in N.
        body_part_thickness: Body Part Thickness (0018,11A0) in mm.
        pixel_spacing: height of a pixel in the breast in mm, see `mammo_core.dicom.spatial`.
    """

    manufacturer: str | None = None
    manufacturer_model: str | None = None
    software_version: str | None = None
    tube_voltage: float | None = None
    exposure: float | None = None
    compression_force: float | None = None
    body_part_thickness: float | None = None
    pixel_spacing: float | None = None


class ImageAcquisition(Acquisition):
    """One row of acquisition.parquet, which older stores lack.

    Attributes:
        image_id: the image's identifier in the catalogue.
        source_version: of the file whose header was read, see `PngEntry`.
    """

    image_id: str
    source_version: str
