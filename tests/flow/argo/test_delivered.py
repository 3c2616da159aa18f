"""A delivery's own words, from the objects of a real repository."""

from dataclasses import replace

import pytest
import yaml

from mlci.errors import Broken
from mlci.flow.argo.delivered import delivered
from mlci.flow.truth import read_rules
from mlci.records.delivery import Blob, State
from mlci.render.template import template_digest

FOLDER = "deploy/production/income"


@pytest.mark.parametrize("bundle", ["plain", "helm"])
def test_the_template_is_that_of_the_bundle_in_every_form(rendered, bundle):
    world = rendered(bundle=bundle)
    record = world.record(State.ADMITTED)
    found = delivered(world.repository, record, read_rules(world.repository, record.commit))
    if bundle == "helm":
        values = yaml.safe_load((world.path / FOLDER / "values.yaml").read_text())
        objects = values["models"]["income"]["objects"]
    else:
        objects = list(yaml.safe_load_all((world.path / FOLDER / "bundle.yaml").read_text()))
    (rollout,) = [each for each in objects if each["kind"] == "Rollout"]
    assert found.template == template_digest(rollout["spec"]["template"])
    assert found.strategy == rollout["spec"]["strategy"]
    assert found.release.version == "1.0.0"
    assert found.watch.on_manual_abort == "propose"


NO_BUNDLES = [
    b"",
    b"7\n",
    b"models: {credit: {objects: []}}\n",
    b"models: {income: {objects: 7}}\n",
    b"kind: Rollout\nspec: {template: x}\n",
    b"kind: Rollout\nspec: {template: {spec: {initContainers: [{args: [admitted]}]}}}\n",
    b"kind: Rollout\nspec: {template: {spec: {initContainers: [{args: 7}]}}}\n",
    b"kind: Rollout\nspec: {template: {spec: {initContainers: [{args: [--template, x]}]}}}\n",
    b"\xff\xfe\x00",
    b"kind: Rollout\nspec: {template: {spec: {initContainers: [{args: [--template, x]}], deep: "
    + b"[" * 4_000
    + b"]" * 4_000
    + b"}}}\n",
]


def test_a_record_that_can_not_be_read_is_broken(rendered):
    world = rendered()
    repository, record = world.repository, world.record(State.ADMITTED)
    rules = read_rules(repository, record.commit)
    bundle, path = f"{FOLDER}/bundle.yaml", "releases/income/production.yaml"
    for gone, found in ((bundle, "it names no bundle"), (path, f"it doesn't name {path}")):
        paths = tuple(each for each in record.paths if each.path != gone)
        with pytest.raises(Broken) as error:
            delivered(repository, replace(record, paths=paths), rules)
        assert error.value.found == found

    file = world.path / "bundle"
    manifest = tuple(each for each in record.paths if each.path == path)
    for content in NO_BUNDLES:
        file.write_bytes(content)
        blob = Blob(path=bundle, mode="100644", oid=world.git("hash-object", "-w", "bundle"))
        with pytest.raises(Broken, match=r"bundle\.yaml can't be read"):
            delivered(repository, replace(record, paths=(*manifest, blob)), rules)
