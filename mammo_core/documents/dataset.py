"""Small files that describe a data set or a prepared store.

They are dataset.json, linked.json and source.json.
"""

from typing import ClassVar, Literal

from mammo_core.documents.base import Document, FileDocument

# Defaults of a synthetic data set, for the generator, the command line and the Data page.
DEMO_PATIENTS = 136
DEMO_SEED = 0
DEMO_PREVALENCE = 0.3


class GeneratorSettings(Document):
    """How a synthetic data set was generated; equal settings give equal files.

    A file of an earlier version may lack some of them, which then had these defaults.

    Attributes:
        patients, seed, prevalence, rows, columns, nuisances, full_headers: see `DemoSpec`.
    """

    patients: int = DEMO_PATIENTS
    seed: int = DEMO_SEED
    prevalence: float = DEMO_PREVALENCE
    rows: int = 1024
    columns: int = 768
    nuisances: bool = True
    full_headers: bool = False


class DatasetInfo(FileDocument):
    """dataset.json: how a data set that this application generated was made.

    Attributes:
        synthetic: whether the images are phantoms.
        generator: how they were generated; None if unknown.
    """

    file_name: ClassVar = "dataset.json"
    schema_version: Literal[1] = 1
    synthetic: bool
    generator: GeneratorSettings | None = None


class DatasetLink(FileDocument):
    """linked.json: where a data set outside the data folder is.

    Attributes:
        path: the folder that holds the CSV.
        csv: the CSV; None in files of earlier versions, which stored only the folder.
    """

    file_name: ClassVar = "linked.json"
    schema_version: Literal[1] = 1
    path: str
    csv: str | None = None


class StoreSource(FileDocument):
    """source.json: where the images of a prepared store come from.

    Attributes:
        csv: path of the CSV, relative to the data folder if it is inside, so that the folder can move.
        dataset: name of the data set.
        synthetic: whether the images are phantoms.
        generator: how phantoms were generated; None for other images.
    """

    file_name: ClassVar = "source.json"
    schema_version: Literal[1] = 1
    csv: str
    dataset: str
    synthetic: bool
    generator: GeneratorSettings | None = None
