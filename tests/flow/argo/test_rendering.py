"""The bundle at the tip is the rendering of its manifest, to the last byte."""

import pytest

from mlci.errors import BadInput
from mlci.flow.argo.rendering import check_bundle
from mlci.manifest.project import parse_project
from mlci.manifest.release import parse_release
from mlci.records.delivery import State
from mlci.records.release import bundle_path

RELEASE = "releases/income/production.yaml"
FOLDER = "deploy/production/income"
BUNDLE = f"{FOLDER}/bundle.yaml"


def check(world):
    """The tip's bundle against the tip's manifest and project file."""
    repository = world.repository
    tip = repository.resolve("HEAD")
    release = parse_release(RELEASE, repository.read(tip, RELEASE))
    project = parse_project("mlci.yaml", repository.read(tip, "mlci.yaml"))
    folder = f"{bundle_path(release.name, release.environment)}/"
    entries = (*repository.entries(tip, RELEASE), *repository.entries(tip, folder))
    argo = project.environment("production").argo
    check_bundle(repository, release, argo, entries, world.history())


def refused(world, found):
    with pytest.raises(BadInput) as error:
        check(world)
    assert (error.value.place, error.value.found) == (FOLDER, found)
    return True


DIFFERS, MISSING = "not the rendering of its manifest", "no bundle"


def test_what_render_wrote_passes_until_a_byte_of_it_differs(rendered):
    world = rendered()
    check(world)
    right = (world.path / BUNDLE).read_bytes()
    world.merge({BUNDLE: right.replace(b"timeoutSeconds: 5", b"timeoutSeconds: 6")})
    assert refused(world, DIFFERS)
    world.merge({BUNDLE: right, f"{FOLDER}/more.yaml": "kind: Secret\n"})
    assert refused(world, DIFFERS)
    world.merge({BUNDLE: None, f"{FOLDER}/more.yaml": None})
    assert refused(world, MISSING)
    world.merge({f"{FOLDER}/other.yaml": right})
    assert refused(world, DIFFERS)


def test_another_form_lacks_a_file(rendered):
    world = rendered(bundle="kustomize")
    check(world)
    world.merge({f"{FOLDER}/kustomization.yaml": None})
    assert refused(world, DIFFERS)


def test_what_was_healthy_stays_right_whatever_rendered_it(rendered):
    world = rendered()
    old = (world.path / BUNDLE).read_bytes().replace(b"timeoutSeconds: 5", b"timeoutSeconds: 4")
    world.merge({BUNDLE: old})
    world.record(State.ADMITTED)
    assert refused(world, DIFFERS)
    world.record(State.ADMITTED, State.HEALTHY, State.REGRESSED)
    assert refused(world, DIFFERS)
    world.record(State.ADMITTED, State.HEALTHY)
    check(world)
    # Another manifest beside the same bundle is no longer that delivery.
    text = (world.path / RELEASE).read_text()
    world.merge({RELEASE: text.replace("version: 1.0.0", "version: 1.0.1")})
    assert refused(world, DIFFERS)
    world.merge({RELEASE: text, BUNDLE: old + b"# more\n"})
    assert refused(world, DIFFERS)
    world.merge({BUNDLE: old})
    check(world)
