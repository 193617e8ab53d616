"""DICOM files of a few pixels in every transfer syntax, written by pydicom and the codecs themselves."""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

import imagecodecs
import numpy as np
from pydicom import uid
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.encoders.base import get_encoder

from mammo_core.dicom.guard import quiet_pydicom

Encode = Callable[[np.ndarray, int], bytes]


def _jpeg2000(pixels: np.ndarray, bits: int) -> bytes:
    return bytes(
        imagecodecs.jpeg2k_encode(
            pixels, codecformat="j2k", reversible=True, bitspersample=bits, resolutions=4, numthreads=1
        )
    )


def _rle(pixels: np.ndarray, bits: int) -> bytes:
    options: dict[str, Any] = {"rows": pixels.shape[0], "columns": pixels.shape[1], "number_of_frames": 1}
    options |= {"bits_allocated": 8 * pixels.itemsize, "bits_stored": bits, "photometric_interpretation": "MONOCHROME2"}
    options |= {"samples_per_pixel": 1, "pixel_representation": 0}
    return get_encoder(uid.RLELossless).encode(pixels.tobytes(), **options)


LOSSLESS: dict[str, Encode] = {
    uid.JPEG2000Lossless: _jpeg2000,
    uid.HTJ2KLossless: lambda pixels, bits: bytes(imagecodecs.htj2k_encode(pixels, reversible=True)),
    uid.HTJ2KLosslessRPCL: lambda pixels, bits: bytes(imagecodecs.htj2k_encode(pixels, reversible=True)),
    uid.JPEGLossless: lambda pixels, bits: bytes(
        imagecodecs.jpeg8_encode(pixels, lossless=True, predictor=6, bitspersample=bits)
    ),
    uid.JPEGLosslessSV1: lambda pixels, bits: bytes(
        imagecodecs.jpeg8_encode(pixels, lossless=True, predictor=1, bitspersample=bits)
    ),
    uid.JPEGLSLossless: lambda pixels, bits: bytes(imagecodecs.jpegls_encode(pixels)),
    uid.RLELossless: _rle,
}
LOSSY: dict[str, Encode] = {
    uid.JPEG2000: lambda pixels, bits: bytes(
        imagecodecs.jpeg2k_encode(pixels, codecformat="j2k", level=60, bitspersample=bits, numthreads=1)
    ),
    uid.HTJ2K: lambda pixels, bits: bytes(imagecodecs.htj2k_encode(pixels, reversible=False)),
    uid.JPEGLSNearLossless: lambda pixels, bits: bytes(imagecodecs.jpegls_encode(pixels, level=2)),
    uid.JPEGExtended12Bit: lambda pixels, bits: bytes(imagecodecs.jpeg8_encode(pixels, level=98, bitspersample=12)),
    uid.JPEGBaseline8Bit: lambda pixels, bits: bytes(imagecodecs.jpeg8_encode(pixels, level=98)),  # of uint8
}
NATIVE = (
    uid.ExplicitVRLittleEndian,
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.DeflatedExplicitVRLittleEndian,
)


@quiet_pydicom()  # invalid values are written on purpose
def build_dicom(pixels: np.ndarray, syntax: str = uid.ExplicitVRLittleEndian, bits: int = 12, **elements: Any) -> bytes:
    """Return a DICOM file with RSNA's sparse header.

    Args:
        pixels: (rows, columns), or (frames, rows, columns).
        syntax: transfer syntax UID.
        bits: Bits Stored.
        elements: added by keyword, or left out where None; `PixelData` replaces the encoded pixels.
    """
    frames = pixels if pixels.ndim == 3 else pixels[np.newaxis]
    dataset = Dataset()
    dataset.PatientID = "10042"
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = frames.shape[1:]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8 * pixels.itemsize, bits, bits - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    if len(frames) > 1:
        dataset.NumberOfFrames = len(frames)
    if syntax in NATIVE:
        order = ">" if syntax == uid.ExplicitVRBigEndian else "<"
        dataset.PixelData = frames.astype(frames.dtype.newbyteorder(order)).tobytes()
        dataset["PixelData"].VR = "OB" if pixels.itemsize == 1 else "OW"
    else:
        encode = (LOSSLESS | LOSSY)[syntax]
        dataset.PixelData = encapsulate([encode(frame, bits) for frame in frames])
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True
    for keyword, value in elements.items():
        if isinstance(value, DataElement):
            dataset.add(value)
        elif value is not None:
            setattr(dataset, keyword, value)
        elif keyword in dataset:
            delattr(dataset, keyword)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = uid.DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = uid.UID("1.2.3")
    meta.TransferSyntaxUID = uid.UID(syntax)
    dataset.file_meta = meta
    stream = BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def build_lookup_table(entries: list[int], first: int = 0, bits: int = 16) -> Dataset:
    """Return an item of a LUT sequence, little-endian; `first` is the value that is mapped to the first entry."""
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(entries), first, bits])
    item.add_new("LUTData", "OW", np.array(entries, "<u2").tobytes())
    return item


def build_code(value: str, scheme: str = "SCT", modifiers: Sequence[str] = ()) -> Dataset:
    """Return an item of a code sequence, with View Modifier Code Sequence (0054,0222) in the same scheme."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, "meaning"
    if modifiers:
        item.ViewModifierCodeSequence = [build_code(modifier, scheme) for modifier in modifiers]
    return item
