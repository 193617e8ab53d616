"""The documents of a job's folder, and what jobs and lists of runs print."""

from typing import ClassVar, Literal

from pydantic import Field, JsonValue

from mammo_core.documents.base import Document, FileDocument, PrintedDocument
from mammo_core.documents.estimate import Estimate

State = Literal["queued", "running", "stopping", "finished", "stopped", "failed", "diverged", "crashed", "unreadable"]
FINAL: tuple[State, ...] = ("finished", "stopped", "failed", "diverged", "crashed", "unreadable")
WrittenState = Literal["starting", "queued", "running", "finished", "stopped", "failed", "diverged"]


class JobState(FileDocument):
    """The last written state of a job.

    Attributes:
        state: "starting" from the request until the process runs; readers show it as queued.
        message: one sentence as display text, or nothing.
        time: when it was written, in seconds since 1970.
    """

    file_name: ClassVar = "state.json"
    schema_version: Literal[1] = 1
    state: WrittenState
    message: str
    time: float


class JobProcess(FileDocument):
    """The process that runs a job, or is about to.

    Attributes:
        host: name of its machine.
        pid: its number there.
        created: when it started, in seconds since 1970; tells it apart from a later process with the same number.
        started: the same in the kernel's ticks since the machine was started, which no adjusted clock changes; None in
            files of earlier versions, and where the system does not tell.
    """

    file_name: ClassVar = "process.json"
    schema_version: Literal[1] = 1
    host: str
    pid: int = Field(gt=0, lt=2**31)
    created: float
    started: int | None = None


class DemoResult(PrintedDocument):
    """The result of creating a synthetic data set.

    Attributes:
        folder: absolute path of the data set.
    """

    folder: str


class StoppedJob(PrintedDocument):
    """The result of a job that was stopped before it had one.

    Attributes:
        status: always "stopped".
        message: what became of it, in a sentence or two.
    """

    status: Literal["stopped"] = "stopped"
    message: str


class RunSummary(Document):
    """One training run or model, as `mammo runs --json` prints it.

    Attributes:
        run: its name.
        state: "shipped" for a model without a run, "unreadable" if a file of the run is damaged.
        message: one sentence about how it ended, or what is wrong with its files.
        epochs: epochs done; None before the first.
        auc: area under the ROC curve of the evaluated breasts, with its 95 % interval; None without a model.
        active: whether this model predicts when none is named.
        folder: absolute path.
        tags: the user's, in their order.
        note: the user's.
        archived: whether usual lists leave it out.
    """

    run: str
    state: State | Literal["shipped"]
    message: str = ""
    epochs: int | None
    auc: Estimate | None
    active: bool
    folder: str
    tags: tuple[str, ...] = ()
    note: str = ""
    archived: bool = False


class RunList(PrintedDocument):
    """Training runs and models: the JSON of `mammo runs`, `tag` and `archive`.

    Attributes:
        runs: newest first, then models without a run.
    """

    runs: list[RunSummary]


class DeletedRuns(PrintedDocument):
    """Runs that can be restored for an hour: the JSON of `mammo delete`.

    Attributes:
        deleted: their names.
    """

    deleted: list[str]


class SweepRun(Document):
    """One of several training runs that differ in a few settings.

    Attributes:
        run: its name.
        state: its final state.
        message: how it ended, in a sentence.
        epochs: epochs done; None before the first.
        auc: as in `RunSummary`.
        settings: those settings in which the runs differ.
    """

    run: str
    state: State
    message: str
    epochs: int | None
    auc: Estimate | None
    settings: dict[str, JsonValue]


class PooledFolds(Document):
    """The folds of one combination of settings, taken together.

    Attributes:
        settings: those in which the combinations differ.
        runs: names of the runs that have a model, in the order of the folds.
        folds: how many folds there are.
        auc: by breast, of the test parts of these runs together: each patient is predicted by the network that hasn't seen
            her; None without a model.
        lowest: AUC of the worst fold; None as before.
        highest: AUC of the best fold.
        deviation: standard deviation of the AUC over the folds; None with fewer than two.
    """

    settings: dict[str, JsonValue]
    runs: list[str]
    folds: int
    auc: Estimate | None
    lowest: float | None = None
    highest: float | None = None
    deviation: float | None = None


class SweepResult(PrintedDocument):
    """Several training runs: the JSON of `mammo sweep`, or `mammo train` as one.

    Attributes:
        runs: in the order of the values.
        pooled: with folds, one for each combination of values; empty without folds.
    """

    runs: list[SweepRun]
    pooled: list[PooledFolds] = Field(default_factory=list)
