"""Long work owned by the disk: a folder holds its request, progress, state and lock; a detached process does it.

A process holds a kernel lock on the folder for as long as it lives. Running = the lock is held; a folder whose lock
is free and whose state isn't final = crashed. Nothing about a run lives in a browser session, so it survives a
reload, a closed tab and a restarted server, and never shows as running when it is not.
"""

from mammo_core.jobs.folder import FINAL, JobFolder
from mammo_core.jobs.process import launch, run_in_process

__all__ = ["FINAL", "JobFolder", "launch", "run_in_process"]
