"""Run long work that is owned by the disk, not by a browser session.

A folder holds a job's specification, progress, state and lock. A detached process holds a kernel lock on the folder for
as long as it lives. A held lock means running; a free lock without a final state means crashed. So a job survives a
reload, a closed tab and a restarted server, and never shows as running when it is not.
"""

from mammo_core.documents.job import FINAL
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.process import launch, run_for_result, run_in_process, stop_job

__all__ = ["FINAL", "JobFolder", "launch", "run_for_result", "run_in_process", "stop_job"]
