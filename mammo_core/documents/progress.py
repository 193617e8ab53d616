"""The progress of a job: progress.json in its folder."""

from collections.abc import Callable
from typing import ClassVar, Literal

from mammo_core.documents.base import FileDocument


class Progress(FileDocument):
    """How much of a job is done, in one phase of it.

    Attributes:
        done: how much is done, in `unit`.
        total: how much there is to do, in `unit`.
        unit: what is counted, such as "images" or "steps".
        phase: what the job is doing, as displayed; None in its main phase.
        epoch: of a training run, counted from 1.
        epochs: number of epochs of a training run, at most.
        learning_rate: of a training run, at this step.
        prepared: of an import: images prepared so far.
        skipped: of an import: images that were there before.
        quarantined: images of an import that could not be prepared.
        left_out: images of an import that don't count for a breast.
        images_per_second: rate of this phase.
        seconds_left: estimated time to the end.
    """

    file_name: ClassVar = "progress.json"
    schema_version: Literal[1] = 1
    done: int
    total: int
    unit: str = "images"
    phase: str | None = None
    epoch: int | None = None
    epochs: int | None = None
    learning_rate: float | None = None
    prepared: int | None = None
    skipped: int | None = None
    quarantined: int = 0
    left_out: int = 0
    images_per_second: float | None = None
    seconds_left: float | None = None

    @property
    def fraction(self) -> float:
        """The part that is done, in [0, 1]."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    @property
    def details(self) -> list[str]:
        """Everything but the counts and the time left, as phrases for display."""
        words = [] if self.phase is None else [self.phase]
        if self.epoch is not None:
            words.append(f"epoch {self.epoch} of {self.epochs}")
        if self.quarantined:
            words.append(f"{self.quarantined:,} could not be read")
        if self.left_out:
            words.append(f"{self.left_out:,} left out")
        if self.learning_rate:
            words.append(f"learning rate {self.learning_rate:.1e}")
        if self.images_per_second:
            words.append(f"{self.images_per_second:.1f} images/s")
        return words

    def text(self, *, time_left: bool = True) -> str:
        """Return the progress as text for display.

        Args:
            time_left: whether to add the estimated time left; it is wrong while a job is stopping.
        """
        counts = f"{self.done:,} of {self.total:,} {self.unit}"
        if self.phase is not None:
            return " · ".join([self.phase, *([counts] if self.done < self.total else [])]) + " …"
        words = [counts, *self.details]
        if time_left and self.seconds_left:
            words.append(f"{duration(self.seconds_left)} left")
        return " · ".join(words)


ProgressCallback = Callable[[Progress], None]
ShouldStop = Callable[[], bool]  # returns whether a stop is requested


def ignore_progress(progress: Progress) -> None:
    """Do nothing with a job's progress."""


def never_stop() -> bool:
    """Return False: for work that cannot be stopped."""
    return False


def duration(seconds: float) -> str:
    """Return a duration as text: "45 s", "3 min 20 s", "2 h 5 min"."""
    total = round(seconds)
    if total < 60:
        return f"{total} s"
    minutes, rest = divmod(total, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
