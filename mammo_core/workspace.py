"""The two folders that the application works in, passed as one object."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from mammo_core.settings import settings


@dataclass(frozen=True)
class Workspace:
    """Where data sets, prepared stores, runs and models lie.

    Relative paths are made absolute: other processes have other current folders.

    Attributes:
        data: absolute path of the folder with data sets and prepared stores.
        models: absolute path of the folder with run folders and model bundles.
    """

    data: Path
    models: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", self.data.absolute())
        object.__setattr__(self, "models", self.models.absolute())

    @classmethod
    def from_environment(cls) -> Self:
        """Return the folders that `MAMMO_DATA` and `MAMMO_MODELS` name, or their defaults.

        Only the command line and the user interface call this; everything else is handed a workspace.
        """
        return cls(settings().data, settings().models)

    @property
    def prepared(self) -> Path:
        """The folder that holds the prepared stores."""
        return self.data / "prepared"
