"""Worker processes that must not outlive the process that started them, however that ends."""

import multiprocessing
import os
import threading


def die_with_parent() -> None:
    """End this worker process as soon as its parent is gone; the initializer of a pool of spawned processes.

    A killed parent can't tell its workers; they would wait for work for ever.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
