"""Bundles of deliveries that went well stay right, whatever version of mlci rendered them."""

from collections.abc import Sequence
from pathlib import Path

from mlci.errors import Broken
from mlci.flow.rendered import Difference
from mlci.gitops.deliveries import standing
from mlci.gitops.records_branch import RecordsBranch
from mlci.gitops.repository import Repository
from mlci.records.delivery import Blob
from mlci.records.release import release_path


def unknown(repository: Repository, found: Sequence[Difference]) -> tuple[Difference, ...]:
    """``found`` without what is, manifest and bundle, byte for byte a HEALTHY or ADOPTED delivery.

    Where the records can't be read, all of it.
    """
    root = repository.root
    if root is None or not found:
        return tuple(found)
    try:
        records = RecordsBranch(repository).fetch()
        known = {
            folder: records.deliveries(*_release(folder))
            for folder in {_folder(each) for each in found}
            if "/_" not in folder
        }
    except Broken:
        return tuple(found)
    went_well = {
        folder
        for folder, deliveries in known.items()
        if any(_is_that(repository, root, folder, each.paths) for each in standing(deliveries))
    }
    return tuple(each for each in found if _folder(each) not in went_well)


def _folder(difference: Difference) -> str:
    return "/".join(difference.path.split("/")[:3])


def _release(folder: str) -> tuple[str, str]:
    _, environment, model = folder.split("/")
    return environment, model


def _is_that(repository: Repository, root: Path, folder: str, paths: Sequence[Blob]) -> bool:
    """Whether the release's own files are the recorded ones, all of them and no other."""
    environment, model = _release(folder)
    there = [release_path(model, environment)]
    there += [f"{folder}/{each.name}" for each in sorted((root / folder).glob("*"))]
    recorded = {blob.path: blob.oid for blob in paths}
    if not recorded or set(there) != recorded.keys():
        return False
    hashed = repository.git(
        "hash-object", "--no-filters", "--", *(str(root / each) for each in there)
    )
    return hashed.ok and hashed.text.split() == [recorded[each] for each in there]
