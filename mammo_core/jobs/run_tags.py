"""Tag, archive, delete and restore training runs.

A run that is queued or running, and the run of the active model, are neither archived nor deleted.
"""

from collections.abc import Sequence

from pydantic import ValidationError

from mammo_core.documents.job import FINAL
from mammo_core.documents.run_tags import MAX_CHARACTERS, MAX_TAGS, RunTags, read_tags
from mammo_core.errors import ConfigError, JobError, ModelError, ModelNotFound
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.runs import run_folder
from mammo_core.models.registry import active_model, delete_model, restore_model
from mammo_core.storage.trash import empty_trash, list_trash, trashed_name
from mammo_core.workspace import Workspace


def write_tags(workspace: Workspace, name: str, tags: Sequence[str]) -> RunTags:
    """Replace the tags of a run; it stays archived, or not.

    Args:
        workspace: the folders to work in.
        name: of the run.
        tags: texts, each made one line without white space around it; empty and repeated ones are left out.

    Raises:
        ConfigError: they are too many, or one is too long.
        DataError: the file of its present tags is damaged.
        JobError: there is no such run.
    """
    folder = _existing_run(workspace, name)
    labels = _with_tags(read_tags(folder.path), tags)
    labels.write(folder.path / RunTags.file_name)
    return labels


def change_tags(workspace: Workspace, names: Sequence[str], add: Sequence[str], remove: Sequence[str]) -> None:
    """Add tags to runs and remove others from them.

    Args:
        workspace: the folders to work in.
        names: of the runs.
        add: tags that each of them gets, after its own.
        remove: tags that none of them keeps; a run may lack them.

    Raises:
        ConfigError: a run would have too many tags, or one is too long; then none is changed.
        DataError: the file of a run's present tags is damaged.
        JobError: a run isn't there.
    """
    changed = {}
    for name in names:
        folder = _existing_run(workspace, name).path
        present = read_tags(folder)
        labels = _with_tags(present, (*(tag for tag in present.tags if tag not in remove), *add))
        if labels != present:
            changed[folder / RunTags.file_name] = labels
    for path, labels in changed.items():
        labels.write(path)


def _with_tags(present: RunTags, tags: Sequence[str]) -> RunTags:
    lines = [" ".join(tag.split()) for tag in tags]
    try:
        return RunTags(tags=tuple(dict.fromkeys(filter(None, lines))), archived=present.archived)
    except ValidationError:
        raise ConfigError(
            f"A run has at most {MAX_TAGS} tags of at most {MAX_CHARACTERS} characters. Shorten them, or take fewer."
        ) from None


def archive_runs(workspace: Workspace, names: Sequence[str]) -> None:
    """Leave runs out of the usual lists; nothing else changes.

    Raises:
        JobError: one is queued or running, or isn't there; then none is archived.
        ModelError: one is that of the active model.
        DataError: the tags of one are damaged.
    """
    for name in names:
        _check_removable(workspace, name, "archived")
    _set_archived(workspace, names, archived=True)


def bring_back_runs(workspace: Workspace, names: Sequence[str]) -> None:
    """Put archived runs into the usual lists again.

    Raises:
        JobError: one isn't there.
        DataError: the tags of one are damaged.
    """
    _set_archived(workspace, names, archived=False)


def _set_archived(workspace: Workspace, names: Sequence[str], *, archived: bool) -> None:
    changed = {
        folder.path / RunTags.file_name: read_tags(folder.path).model_copy(update={"archived": archived})
        for folder in (_existing_run(workspace, name) for name in names)
    }
    for path, labels in changed.items():
        labels.write(path)


def delete_runs(workspace: Workspace, names: Sequence[str]) -> tuple[str, ...]:
    """Move runs with their models to the trash.

    Returns:
        What `restore_runs` brings back, until the trash is emptied.

    Raises:
        JobError: one is queued or running, or isn't there; then none is deleted.
        ModelError: one is that of the active model.
        StorageError: the file system refuses.
    """
    chosen = list(dict.fromkeys(names))
    for name in chosen:
        _check_removable(workspace, name, "deleted")
    return tuple(delete_model(workspace, name) for name in chosen)


def restore_runs(workspace: Workspace, trashed: Sequence[str]) -> list[str]:
    """Bring deleted runs back, and return their names.

    Raises:
        ModelError: the trash was emptied, or another run has the name of one.
        StorageError: the file system refuses.
    """
    return [restore_model(workspace, name) for name in trashed]


def restore_newest_runs(workspace: Workspace, names: Sequence[str]) -> list[str]:
    """Bring deleted runs back by name; of several, the one deleted last.

    Returns:
        The names, each once.

    Raises:
        ModelNotFound: one isn't in the trash, which keeps them for an hour; then none is restored.
        ModelError: another run has the name of one.
        StorageError: the file system refuses.
    """
    empty_trash(workspace.models)
    deleted = {trashed_name(trashed): trashed for trashed in list_trash(workspace.models)}
    chosen = list(dict.fromkeys(names))
    for name in chosen:
        if name not in deleted:
            restorable = ", ".join(sorted(deleted)) or "none"
            raise ModelNotFound(f"There is no deleted run {name!r}. These can be restored: {restorable}.")
    return restore_runs(workspace, [deleted[name] for name in chosen])


def check_ended(workspace: Workspace, name: str, verb: str) -> None:
    """Check that no training works in the folder of a model or run.

    Args:
        workspace: the folders to work in.
        name: of the model or run.
        verb: what is to be done to it, such as "renamed".

    Raises:
        JobError: it is queued or running.
    """
    folder = JobFolder(run_folder(workspace, name))
    if folder.exists and (state := folder.state()) not in FINAL:
        raise JobError(f"{name} is {state} and can't be {verb}. Stop it first.")


def _check_removable(workspace: Workspace, name: str, verb: str) -> None:
    _existing_run(workspace, name)
    check_ended(workspace, name, verb)
    if name == active_model(workspace):
        raise ModelError(f"{name} is the active model and can't be {verb}. Activate another one first.")


def _existing_run(workspace: Workspace, name: str) -> JobFolder:
    folder = JobFolder(run_folder(workspace, name))
    if not folder.exists:
        raise JobError(f"There is no run {name} any more. Show the list again.")
    return folder
