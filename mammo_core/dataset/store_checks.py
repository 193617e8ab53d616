"""Read the last check of a store's images, and estimate how long one takes."""

import math
import os
from collections.abc import Sized
from dataclasses import dataclass
from datetime import UTC, datetime

from mammo_core.dataset.leave_out import read_leave_out
from mammo_core.dataset.store import MANIFEST, Store, list_stores
from mammo_core.documents.doctor_report import DoctorReport
from mammo_core.storage.hashing import modified_time
from mammo_core.workspace import Workspace

RATES = (66, 125)  # images a second on two cores, of a busy machine and by the network alone; see benchmarks.doctor


@dataclass(frozen=True)
class StoreCheck:
    """The last check of a store that came to its end.

    Attributes:
        report: what it reports.
        made: when.
        outdated: whether the store's images have been imported anew since.
    """

    report: DoctorReport
    made: datetime
    outdated: bool

    @property
    def findings(self) -> int:
        """Number of findings of all kinds; what could not be checked is none."""
        report = self.report
        kinds: tuple[Sized, ...] = (
            report.duplicates,
            report.contradictions,
            report.misfiled,
            report.outliers,
            report.suspect_labels,
            report.leaks,
        )
        return sum(map(len, kinds))

    @property
    def when(self) -> str:
        """When the check was made, as text."""
        return f"Checked {self.made:%Y-%m-%d %H:%M} UTC{', before the last import' if self.outdated else ''}"

    def describe(self) -> str:
        """Return when the check was made, and the number of findings, in a line."""
        findings = {0: "no findings", 1: "1 finding"}.get(self.findings, f"{self.findings:,} findings")
        return f"{self.when}: {findings}"


def read_check(store: Store) -> StoreCheck | None:
    """Return the last check of a store; None if there is none.

    Raises:
        DataError: its report is damaged.
    """
    path = store.folder / DoctorReport.file_name
    if not os.path.exists(path):
        return None
    made = modified_time(path)
    outdated = made < modified_time(store.folder / MANIFEST)
    return StoreCheck(DoctorReport.read(path), datetime.fromtimestamp(made, UTC), outdated)


def describe_quality(store: Store) -> str:
    """Return whether a store was checked, and how many images are left out, in a line.

    Raises:
        DataError: the report of the check, or the data set's list, is damaged.
    """
    check = read_check(store)
    count = len(read_leave_out(store.data_root, store.source()).images)
    left_out = {0: "no image left out", 1: "1 image left out"}.get(count, f"{count:,} images left out")
    return f"{check.describe() if check else 'Not checked yet'} · {left_out}"


def comparable_stores(workspace: Workspace, store: Store) -> list[str]:
    """Return the names of other data sets' stores that were prepared alike.

    Raises:
        DataError: a store doesn't tell where its images come from.
    """
    csv = store.read_csv_path()
    return [
        other.name
        for other in list_stores(workspace)
        if other.preprocessing == store.preprocessing and other.read_csv_path() != csv
    ]


def estimate_check(images: int) -> str:
    """Return about how long a check of some images takes, as text."""
    slow, fast = (math.ceil(images / rate / 60) for rate in RATES)
    if slow <= 1:
        return "about a minute"
    return f"about {slow} minutes" if slow == fast else f"{fast} to {slow} minutes"
