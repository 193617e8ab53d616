"""The base of every document on disk and of every JSON that is printed."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, JsonValue, PlainSerializer, ValidationError

from mammo_core.errors import DataError
from mammo_core.storage.json_files import read_json, write_json
from mammo_core.storage.path_text import path_text, text_path

StoredPath = Annotated[Path, BeforeValidator(text_path), PlainSerializer(path_text, return_type=str, when_used="json")]


class Document(BaseModel):
    """A typed JSON document: immutable, without unknown keys, without NaN or infinity.

    An error about a value does not quote it: it may be an identifier, and logs keep errors.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the document as JSON values, for `json.dumps`."""
        return self.model_dump(mode="json")


class PrintedDocument(Document):
    """A document that the command line prints.

    Keys may be added to it; any other change needs another version.
    """

    schema_version: Literal[1] = 1


class FileDocument(Document):
    """A document that is a file of its own; each kind declares its `schema_version`."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read and check a file.

        Raises:
            DataError: it is missing, is not JSON, or is not a document of this kind and version.
        """
        try:
            return cls.model_validate(read_json(path))
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors()[0]["loc"]) or "its top level"
            raise DataError(
                f"{path.name} in {path.parent} is not a file that this version wrote (see {where}). "
                "Restore it, or make it again."
            ) from None

    def write(self, path: Path) -> None:
        """Write the document to a file atomically."""
        write_json(path, self.to_json())
