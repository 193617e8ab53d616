"""What every job has: a typed specification, a context to run in, and an outcome."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import JsonValue, model_validator

from mammo_core.documents.base import FileDocument, PrintedDocument
from mammo_core.documents.progress import ProgressCallback, ShouldStop
from mammo_core.workspace import Workspace


@dataclass(frozen=True)
class JobContext:
    """What a running job is given.

    Attributes:
        workspace: the data and models folders.
        folder: the job's folder.
        progress: called with each progress.
        should_stop: whether someone has requested a stop; to be checked often.
        note: what whoever follows the job should know about its folder, as display text.
    """

    workspace: Workspace
    folder: Path
    progress: ProgressCallback
    should_stop: ShouldStop
    note: str = ""


@dataclass(frozen=True)
class JobOutcome:
    """How a job ended.

    Attributes:
        state: its final state.
        message: the outcome in a sentence or two.
        document: the outcome as data; the command line prints it as JSON.
    """

    state: Literal["finished", "stopped", "diverged"]
    message: str
    document: PrintedDocument


class JobSpec(FileDocument, ABC):
    """What a job is to do; work.json in its folder holds it as JSON.

    Attributes:
        kind: the kind of job. Only one job of a kind runs at a time in a workspace.
    """

    file_name: ClassVar = "work.json"
    schema_version: Literal[2] = 2
    kind: str

    @abstractmethod
    def folder(self, workspace: Workspace) -> Path:
        """Return the job's folder. Writes nothing."""

    @abstractmethod
    def prepare(self, workspace: Workspace) -> None:
        """Check that the job can run, and create what it needs before it is requested.

        Raises:
            MammoError: the job can't run.
        """

    @abstractmethod
    def run(self, context: JobContext) -> JobOutcome:
        """Run the job to its end, or until it is stopped.

        Raises:
            MammoError: the job can't be done.
        """

    @model_validator(mode="before")
    @classmethod
    def _upgrade(cls, document: Any) -> Any:
        """Convert a request of an earlier version: {"kind": …, "arguments": {…}}."""
        if isinstance(document, dict) and isinstance(arguments := document.get("arguments"), dict):
            try:
                return {"kind": document.get("kind"), **cls._from_arguments(arguments)}
            except (KeyError, TypeError):
                raise ValueError("the arguments are not those of this kind of job") from None
        return document

    @classmethod
    def _from_arguments(cls, arguments: dict[str, JsonValue]) -> dict[str, JsonValue]:
        """Return the fields that correspond to an earlier version's arguments."""
        return arguments
