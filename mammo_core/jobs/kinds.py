"""What long work there is. Each job takes its arguments, a progress callback and a question whether to stop."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mammo_core.workspace import Workspace

Progress = Callable[[dict[str, Any]], None]
ShouldStop = Callable[[], bool]


@dataclass(frozen=True)
class Outcome:
    """How a job ended: its final state, a sentence for people, and its JSON document for programs."""

    state: Literal["finished", "stopped", "diverged"]
    message: str
    document: dict[str, Any]


def make_demo(arguments: dict[str, Any], progress: Progress, should_stop: ShouldStop) -> Outcome:
    """Generate a synthetic data set. Arguments: out, and the fields of DemoSpec that differ from its defaults."""
    from mammo_core.phantoms import DemoSpec, generate

    arguments = dict(arguments)
    out = Path(arguments.pop("out"))
    spec = DemoSpec(**arguments)
    if not generate(out, spec, lambda done, total: progress({"done": done, "total": total}), should_stop=should_stop):
        return Outcome("stopped", "Stopped. Make it again to complete it.", {"folder": str(out)})
    return Outcome("finished", f"{spec.patients} synthetic patients are in {out}.", {"folder": str(out)})


def import_data(arguments: dict[str, Any], progress: Progress, should_stop: ShouldStop) -> Outcome:
    """Prepare a data set. Arguments: source, store (folder name), workers or scheduler, and whether to retry quarantine."""
    from mammo_core.dataset.catalogue import read_catalogue
    from mammo_core.dataset.importer import forget_quarantine, import_images
    from mammo_core.dataset.store import open_store
    from mammo_core.jobs.cluster import open_pool

    catalogue = read_catalogue(Path(arguments["source"]))
    store = open_store(Workspace.from_environment(), arguments["store"])
    if arguments.get("retry"):
        forget_quarantine(store)
    with open_pool(arguments.get("workers"), arguments.get("scheduler")) as pool:
        report = import_images(catalogue, store, pool, progress, should_stop)
    message = f"{report.prepared} prepared, {report.skipped} were there, {report.quarantined} quarantined."
    return Outcome("stopped" if report.stopped else "finished", message, report.to_json())


def train(arguments: dict[str, Any], progress: Progress, should_stop: ShouldStop) -> Outcome:
    """Train a network. Arguments: run (folder) and the training configuration."""
    from mammo_core.learning.config import TrainingConfig
    from mammo_core.learning.trainer import train as train_run

    result = train_run(Path(arguments["run"]), TrainingConfig.read(arguments["config"]), progress, should_stop)
    return Outcome(result["status"], result.pop("message"), result)


JOBS: dict[str, Callable[[dict[str, Any], Progress, ShouldStop], Outcome]] = {
    "demo": make_demo,
    "import": import_data,
    "train": train,
}
