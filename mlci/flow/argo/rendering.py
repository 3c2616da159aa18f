"""Whether the bundle at the tip is the rendering of its manifest: what Argo CD applies is what was
gated, and nothing else."""

from collections.abc import Sequence

from mlci.errors import BadInput
from mlci.gitops.deliveries import standing
from mlci.gitops.repository import Repository
from mlci.records.argo import Argo
from mlci.records.delivery import Blob, DeliveryRecord
from mlci.records.release import Release, bundle_path
from mlci.render.bundle import bundle


def check_bundle(
    repository: Repository,
    release: Release,
    argo: Argo,
    entries: Sequence[Blob],
    history: Sequence[DeliveryRecord],
) -> None:
    """``entries`` are the release's own files at the tip. What is, byte for byte, a HEALTHY or
    ADOPTED delivery stays right, whatever version of mlci rendered it.

    Raises BadInput where it isn't, Invalid where the release can't be rendered.
    """
    there = {each.path: each.oid for each in entries}
    if any(there == {blob.path: blob.oid for blob in each.paths} for each in standing(history)):
        return
    expected = bundle(release, argo)
    bundled = {path: oid for path, oid in there.items() if path != release.path}
    same = bundled.keys() == expected.keys() and all(
        repository.blob(oid) == expected[path] for path, oid in bundled.items()
    )
    if not same:
        raise BadInput(
            place=bundle_path(release.name, release.environment),
            found="not the rendering of its manifest" if bundled else "no bundle",
            expected=f"what `mlci render {release.path}` writes",
            next_step="render it, and merge it with the manifest",
        )
