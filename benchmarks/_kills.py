"""Kill imports, trainings and predictions at random, and compare what comes out."""

import random
import shutil
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks._commands import Outcome, run, run_and_kill, workspace_of
from benchmarks._report import Report
from benchmarks._visitor import PAGES, count_pages_without_error
from mammo_core.dataset.store import open_store
from mammo_core.documents.job import FINAL
from mammo_core.documents.metrics import EpochRecord, read_metrics
from mammo_core.documents.verification import VERIFICATION, Verification
from mammo_core.errors import DataError
from mammo_core.jobs.folder import STARTING_SECONDS, JobFolder
from mammo_core.jobs.runs import run_names

KILLS = 2  # of a command, at most
SHORT_TRAINING = ("--set", "network=compact", "--set", "epochs=3", "--set", "refit=true")


@dataclass
class Kills:
    """Imports, trainings and predictions, killed at random, and their outcomes.

    Attributes:
        folder: holds data and models.
        url: of the server.
        generator: of the kills.
        counts: what has happened, by its name.
    """

    folder: Path
    url: str
    generator: random.Random
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.workspace = workspace_of(self.folder)
        self.images = self.stored_images("demo")
        assert self.predict().status == 0
        self.predictions = self.csv.read_bytes()

    @property
    def csv(self) -> Path:
        """The file of predictions."""
        return self.folder / "predictions.csv"

    def stored_images(self, store: str) -> dict[str, str]:
        """Return the hash of each image of a store, by image."""
        manifest = open_store(self.workspace, store).manifest()
        return dict(zip(manifest["image_id"].astype(str), manifest["sha256"], strict=True))

    def do_round(self) -> None:
        """Import, train and predict once, with kills."""
        self.counts["rounds"] += 1
        self.do_import()
        self.do_training()
        self.do_prediction()
        self.counts["pages"] += len(PAGES)
        self.counts["pages without an error"] += count_pages_without_error(self.url)

    def attempt(self, *arguments: str) -> Outcome:
        """Run a command that may be killed."""
        outcome = run_and_kill(self.folder, self.generator, *arguments)
        self.counts["commands"] += 1
        self.counts["kills"] += outcome.is_killed
        self.counts["processes left"] += outcome.left
        return outcome

    def do_import(self) -> None:
        """Import, with kills, and compare the images with those of an import without."""
        shutil.rmtree(self.workspace.prepared / "soak", ignore_errors=True)
        for _ in range(KILLS):
            self.attempt("import", "demo", "--name", "soak", "--workers", "2")
            self.state(self.workspace.prepared / "soak")
        ended = run(
            self.folder, "import", "demo", "--name", "soak", "--retry"
        )  # an image whose worker was killed twice
        self.counts["imports"] += 1
        left = list((self.workspace.prepared / "soak").glob("**/.*-????????????????.*"))
        fine = ended.status == 0 and not left and self.stored_images("soak") == self.images
        self.counts["imports as without kills"] += fine

    def do_training(self) -> None:
        """Train, with kills, and resume until the run has ended."""
        before = set(run_names(self.workspace))
        self.attempt("train", "soak", *SHORT_TRAINING)
        for _ in range(KILLS):
            name = next(iter(set(run_names(self.workspace)) - before), None)
            if name is None:  # killed before it was requested
                self.attempt("train", "soak", *SHORT_TRAINING)
            elif self.state(self.workspace.models / name) != "finished":
                self.attempt("resume", name)
        name = next(iter(set(run_names(self.workspace)) - before), None)
        if name is None:
            run(self.folder, "train", "soak", *SHORT_TRAINING)
            name = next(iter(set(run_names(self.workspace)) - before))
        elif self.state(self.workspace.models / name) != "finished":
            run(self.folder, "resume", name)
        self.counts["trainings"] += 1
        self.counts["trainings finished and verified"] += self.is_complete(name)
        shutil.rmtree(self.workspace.models / name)

    def state(self, path: Path) -> str:
        """Return the state of a job whose process has ended; count it if wrong."""
        job = JobFolder(path)
        if not job.exists:  # killed before it was requested
            return "missing"
        deadline = time.monotonic() + STARTING_SECONDS + 1  # until when a process that nobody knows may still start
        while (state := job.state()) not in FINAL and time.monotonic() < deadline:
            time.sleep(0.5)
        self.counts["dead jobs shown as alive"] += state not in FINAL
        return state

    def is_complete(self, name: str) -> bool:
        """Return whether a run has finished, with each epoch once and a verified model."""
        path = self.workspace.models / name
        with suppress(DataError):
            epochs = [record.epoch for record in read_metrics(path) if isinstance(record, EpochRecord)]
            verified = Verification.read(path / VERIFICATION).verified
            return self.state(path) == "finished" and verified and epochs == [*range(1, len(epochs) + 1)]
        return False

    def do_prediction(self) -> None:
        """Predict, with kills, and compare the table with one made without."""
        self.csv.unlink(missing_ok=True)
        for _ in range(KILLS):
            self.attempt(*self.prediction_arguments())
        self.counts["predictions"] += 1
        self.counts["predictions as without kills"] += (
            self.predict().status == 0 and self.csv.read_bytes() == self.predictions
        )

    def prediction_arguments(self) -> list[str]:
        """Return the command that predicts all images."""
        return ["predict", str(self.folder / "data" / "demo" / "train_images"), "--csv", str(self.csv)]

    def predict(self) -> Outcome:
        """Predict all images, without kills."""
        return run(self.folder, *self.prediction_arguments())

    def report(self, report: Report) -> None:
        """Report what has come of it."""
        counts = self.counts
        report.add("kills: rounds", f"{counts['rounds']}")
        report.add("kills: of commands", f"{counts['kills']} of {counts['commands']}")
        for all_of, fine in (
            ("imports", "imports as without kills"),
            ("trainings", "trainings finished and verified"),
            ("predictions", "predictions as without kills"),
            ("pages", "pages without an error"),
        ):
            report.add(f"kills: {fine}", f"{counts[fine]} of {counts[all_of]}", "all", counts[fine] == counts[all_of])
        for name in ("dead jobs shown as alive", "processes left"):
            report.add(f"kills: {name}", f"{counts[name]}", "0", counts[name] == 0)
