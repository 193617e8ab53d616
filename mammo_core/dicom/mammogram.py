"""What the rest of the application knows of a DICOM file."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Window:
    """How grey levels are shown (PS3.3 C.11.2.1).

    Attributes:
        centre, width: in modality values, before MONOCHROME1 is inverted.
        function: "LINEAR", "LINEAR_EXACT" or "SIGMOID", VOI LUT Function (0028,1056).
    """

    centre: float
    width: float
    function: str = "LINEAR"

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Apply the window to modality values.

        Returns:
            float32 in [0, 1].
        """
        centre, width = np.float32(self.centre), np.float32(self.width)
        if self.function == "SIGMOID":
            return 1 / (1 + np.exp(np.clip(-4 * (values - centre) / width, -80, 80)))
        if self.function == "LINEAR_EXACT":
            return np.clip((values - centre) / width + np.float32(0.5), 0, 1)
        if self.width <= 1:  # a step
            return (values > centre - np.float32(0.5)).astype(np.float32)
        return np.clip((values - (centre - np.float32(0.5))) / (width - 1) + np.float32(0.5), 0, 1)


@dataclass(frozen=True)
class LookupTable:
    """A look-up table: of the modality (PS3.3 C.11.1) or for display (PS3.3 C.11.2.1.1).

    Attributes:
        first: the value that is mapped to the first entry; lower ones too.
        entries: float32 (n,); higher values than the last are mapped to the last.
        bits: of an entry.
    """

    first: int
    entries: np.ndarray
    bits: int

    def look_up(self, values: np.ndarray) -> np.ndarray:
        """Return the entries for some values, float32 like `values`."""
        places = np.clip(np.round(values).astype(np.int64) - self.first, 0, self.entries.size - 1).astype(np.intp)
        return self.entries[places]

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Return the entries for some modality values, scaled to [0, 1]."""
        return np.clip(self.look_up(values) / np.float32(2**self.bits - 1), 0, 1)


@dataclass(frozen=True)
class Mammogram:
    """One image, decoded, in modality values.

    Attributes:
        pixels: float32 (rows, columns) in modality values, bright = dense: MONOCHROME1 is turned over. Padding has the
            lowest value.
        reduction: `pixels` has 1/2**reduction of the source's rows and columns.
        source_rows, source_columns: of the file.
        shift: `pixels[i, j]` stands for the source pixels from row `i * 2**reduction - shift` on, and columns alike.
            A mean of blocks has 0; a wavelet's low-pass lies centred on every 2**reduction-th pixel, half a block
            before.
        quantisation_step: in modality values; finer differences than this were left out while decoding. 0 where nothing was.
        inversion_sum: what MONOCHROME1 values were subtracted from, or None for MONOCHROME2; windows refer to the values before.
        windows: windows and tables as in the file, the first is its default.
        laterality: "L", "R" or None; Image Laterality (0020,0062), else Laterality (0020,0060).
        view: "CC", "MLO", … or None; View Position (0018,5101), else the view code.
        patient: Patient ID (0010,0020) or None. Never shown: see `patient_key`.
        instance: SOP Instance UID (0008,0018) or None. Never shown either.
        tags: technical facts on an allow-list, as text.
        notes: sentences about what was done to read the file.
    """

    pixels: np.ndarray
    reduction: int
    source_rows: int
    source_columns: int
    shift: float = 0.0
    quantisation_step: float = 0.0
    inversion_sum: float | None = None
    windows: tuple[Window | LookupTable, ...] = ()
    laterality: str | None = None
    view: str | None = None
    patient: str | None = field(default=None, repr=False)
    instance: str | None = field(default=None, repr=False)
    tags: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
