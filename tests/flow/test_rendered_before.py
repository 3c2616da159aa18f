"""What went well stays right, whatever version of mlci rendered it."""

import pytest

from mlci.records.delivery import State

RELEASE = "releases/income/production.yaml"
BUNDLE = "deploy/production/income/bundle.yaml"
DIGEST = "sha256:" + "d" * 64


@pytest.fixture
def rendered(world):
    """A merged release with the bundle of an older version of mlci."""
    engine = f'{{argo: {{namespace: models, image: "registry/mlci@{DIGEST}"}}}}'
    project = (world.path / "mlci.yaml").read_text().replace("{local: {port: 8082}}", engine)
    text = (world.path / RELEASE).read_text().replace("uri: models", "uri: s3://models")
    text += f'  serving: {{image: "registry/server@{DIGEST}"}}\n'
    world.merge({"mlci.yaml": project, RELEASE: text})
    assert world.run("render").code == 0
    old = (world.path / BUNDLE).read_text().replace("timeoutSeconds: 5", "timeoutSeconds: 4")
    world.merge({BUNDLE: old})
    return world


def _check(world):
    done = world.run("render", "--check")
    return done.code, done.out


def test_an_older_rendering_differs_until_its_delivery_was_healthy(rendered):
    assert _check(rendered)[0] == 1
    rendered.record(State.ADMITTED)
    assert _check(rendered)[0] == 1
    rendered.record(State.ADMITTED, State.HEALTHY)
    assert _check(rendered)[0] == 0


def test_an_edit_of_it_is_none_of_that_delivery(rendered):
    rendered.record(State.ADMITTED, State.HEALTHY)
    path = rendered.path / BUNDLE
    path.write_text(path.read_text().replace("timeoutSeconds: 4", "timeoutSeconds: 3"))
    code, out = _check(rendered)
    assert (code, out.splitlines()[0]) == (1, f"{BUNDLE}: differs")


def test_what_regressed_speaks_for_nothing(rendered):
    rendered.record(State.ADMITTED, State.HEALTHY, State.REGRESSED)
    assert _check(rendered)[0] == 1
