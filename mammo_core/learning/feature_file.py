"""Features of many images in a temporary file, written and read by row."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

import numpy as np

FEATURES_PREFIX = "features-"  # of the folders in a run folder that hold such files while it trains


class FeatureFile:
    """An array of features on disk.

    It isn't mapped into memory: the pages of a map count as the memory of this process.

    Args:
        file: open to write and read; it is this object's alone.
        shape: of the array; its first axis are the rows.
    """

    dtype = np.dtype(np.float16)

    def __init__(self, file: FileIO, shape: tuple[int, ...]) -> None:
        self._file, self.shape = file, shape
        self._row_bytes = self.dtype.itemsize * math.prod(shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Read rows, int (n,); float16 (n, …)."""
        values = np.empty((len(rows), *self.shape[1:]), self.dtype)
        for row, value in zip(rows.tolist(), values, strict=True):
            self._file.seek(row * self._row_bytes)
            if self._file.readinto(value.view(np.uint8)) != self._row_bytes:
                raise OSError("A temporary file of features was cut off.")
        return values

    def __setitem__(self, rows: np.ndarray, values: np.ndarray) -> None:
        """Write values (n, …) to rows, int (n,)."""
        for row, value in zip(rows.tolist(), values.astype(self.dtype), strict=True):
            self._file.seek(row * self._row_bytes)
            remaining = memoryview(value.tobytes())
            while remaining:
                remaining = remaining[self._file.write(remaining) :]


@contextmanager
def feature_file(path: Path, shape: tuple[int, ...]) -> Iterator[FeatureFile]:
    """Create a file of features, which is open until the `with` block ends."""
    with FileIO(path, "w+") as file:
        yield FeatureFile(file, shape)
