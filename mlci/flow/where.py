"""The RELEASE of a command line -> the manifest's path from the repository's root."""

import os
from collections.abc import Iterator
from pathlib import Path

from mlci.errors import BadInput
from mlci.gitops.repository import Repository
from mlci.manifest.document import kind_of
from mlci.manifest.problems import printable

RELEASE_FORM = "releases/<model>/<environment>.yaml"


def manifest_path(repository: Repository, here: Path, given: str) -> str:
    """``given`` may be absolute, relative to ``here`` (where the person stands) or to the root.

    The file need not exist. Raises BadInput where no release can lie there.
    """
    spots = [*_spots(repository, here, given)]
    for path in spots:
        if kind_of(path) == "ModelRelease":
            return path
    outside = not any(_inside(path) for path in spots)
    raise BadInput(
        place=printable(given),
        found="a path outside the repository" if outside else "no path of a release",
        expected=f"{RELEASE_FORM} in {repository.place}",
        next_step="name a release of this repository, or the repository with --repository",
    )


def _spots(repository: Repository, here: Path, given: str) -> Iterator[str]:
    if repository.root is not None:
        spot = here.absolute() / given
        # the folder's links are followed, as git did for the root; the file's own is not
        real = os.path.join(os.path.realpath(spot.parent), spot.name)  # noqa: PTH118
        yield os.path.relpath(real, repository.root)
    if not os.path.isabs(given):  # noqa: PTH117 - text, not a file
        yield os.path.normpath(given)


def _inside(path: str) -> bool:
    return path.split("/")[0] != os.pardir
