"""The user's tags on a training run, and whether it is archived."""

import os
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from mammo_core.documents.base import FileDocument

MAX_TAGS = 20  # of a run
MAX_CHARACTERS = 40  # of a tag

Tag = Annotated[str, StringConstraints(min_length=1, max_length=MAX_CHARACTERS)]


class RunTags(FileDocument):
    """The file tags.json of a run's folder; the model's card doesn't know it.

    Attributes:
        schema_version: of this document.
        tags: short texts in their order, each once.
        archived: whether lists of runs leave it out, unless archived ones are to be shown.
    """

    file_name: ClassVar = "tags.json"
    schema_version: Literal[1] = 1
    tags: tuple[Tag, ...] = Field((), max_length=MAX_TAGS)
    archived: bool = False


def read_tags(folder: Path) -> RunTags:
    """Return the tags of the run in a folder; without a file there are none.

    Raises:
        DataError: the file is damaged.
    """
    path = folder / RunTags.file_name
    return RunTags.read(path) if os.path.exists(path) else RunTags()
