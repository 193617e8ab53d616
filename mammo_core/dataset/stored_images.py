"""Read the images of a store by index, when they are needed."""

from dataclasses import dataclass

import numpy as np

from mammo_core.dataset.store import Store


@dataclass(frozen=True)
class StoredImages:
    """The images of a store, indexed like an array but not held in memory.

    Attributes:
        store: the store.
        pngs: the images' paths in it.
    """

    store: Store
    pngs: list[str]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of images, rows and columns."""
        return len(self.pngs), *self.store.preprocessing.shape

    def __len__(self) -> int:
        return len(self.pngs)

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Read images by index, int (n,); uint8 (n, rows, columns).

        Raises:
            DataError: a file is missing, unreadable or of another size.
        """
        return self.store.images([self.pngs[index] for index in indices.tolist()])
