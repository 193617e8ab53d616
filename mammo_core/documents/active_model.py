"""The active model: used when no model is named."""

from typing import ClassVar, Literal

from mammo_core.documents.base import FileDocument


class ActiveModel(FileDocument):
    """The file active.json of a models folder.

    Attributes:
        schema_version: of this document.
        name: the model's name.
    """

    file_name: ClassVar = "active.json"
    schema_version: Literal[1] = 1
    name: str
