"""Name the files that are kept about a data set, such as readers' marks.

They lie in the data folder, one for each data set and never in the data set's own folder:

    <data>/<kind>/<folder>-<hash>.json

The hash is of the path of the data set's table and, for phantoms, of how they were generated: a file stays while the data set
is unlinked and linked again, and never counts for the images of another one.
"""

import hashlib
import json
import re
from pathlib import Path

from mammo_core.documents.dataset import StoreSource
from mammo_core.storage.path_text import text_path

HASH_DIGITS = 16
MAX_FOLDER = 40  # characters of the folder's name in the file's
_UNUSUAL = re.compile(r"[^0-9A-Za-z._-]+")


def data_set_file(data_root: Path, kind: str, source: StoreSource) -> Path:
    """Return the path of a data set's file, which may not be there.

    Args:
        data_root: the data folder.
        kind: name of the folder of all such files.
        source: the data set, see `describe_source` and `Store.source`.
    """
    generator = source.generator.to_json() if source.generator else None
    identity = json.dumps([source.csv, generator], sort_keys=True)
    digest = hashlib.sha256(identity.encode()).hexdigest()[:HASH_DIGITS]
    folder = _UNUSUAL.sub("_", text_path(source.csv).parent.name)[:MAX_FOLDER]
    return data_root / kind / f"{folder}-{digest}.json"
