"""Look-up tables: modality (PS3.3 C.11.1) and display (PS3.3 C.11.2.1.1)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from mammo_core.errors import ImageError


@dataclass(frozen=True)
class LookupTable:
    """A look-up table.

    Attributes:
        first: the value that is mapped to the first entry; so are all lower values.
        entries: float32 (n,); values beyond the last are mapped to the last.
        bits: of an entry.
    """

    first: int
    entries: np.ndarray
    bits: int

    def look_up(self, values: np.ndarray) -> np.ndarray:
        """Return the entry for each value, float32 like `values`."""
        indices = np.clip(np.round(values).astype(np.int64) - self.first, 0, self.entries.size - 1).astype(np.intp)
        return self.entries[indices]


def parse_lookup_table(item: Dataset, little: bool) -> LookupTable:
    """Return the table of a sequence item.

    It consists of LUT Descriptor (0028,3002) and LUT Data (0028,3006).

    Args:
        item: of a Modality LUT Sequence or VOI LUT Sequence.
        little: whether numbers are little-endian.

    Raises:
        ImageError: the data contradict the descriptor.
    """
    count, first, bits = (int(value) for value in item.LUTDescriptor)
    count = count or 1 << 16
    entries = _entries(item.LUTData, count, little)
    if entries.size < count or not 8 <= bits <= 16:
        raise ImageError("damaged", "The header's look-up table contradicts its descriptor.")
    return LookupTable(first, entries[:count].astype(np.float32), bits)


def _entries(data: Any, count: int, little: bool) -> np.ndarray:
    """Return a table's entries as integers; 8-bit entries may be packed two to a word."""
    if not isinstance(data, bytes):
        return np.asarray(data, np.int64).ravel()
    if len(data) in (count, count + 1):
        return np.frombuffer(data, np.uint8)
    return np.frombuffer(data, "<u2" if little else ">u2")
