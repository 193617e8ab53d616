"""Run long work that is owned by the disk, not by a browser session.

A folder holds a job's specification, progress, state and lock. A detached process holds a kernel lock on the folder for
as long as it lives. A held lock means running; a free lock without a final state means crashed. So a job survives a
reload, a closed tab and a restarted server, and never shows as running when it is not.
"""
