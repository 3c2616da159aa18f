"""The examples of docs/render.md are what can be said, and what it states is so."""

import re
from pathlib import Path

import yaml

from mlci.manifest.project import parse_project

PAGE = (Path(__file__).parents[2] / "docs/render.md").read_text(encoding="utf-8")
DIGEST = "sha256:" + "d" * 64
PROJECT = """\
apiVersion: mlci.dev/v1
kind: Project
spec:
  protectedRef: origin/main
  environments:
    - name: production
"""


def _examples():
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    return [block.replace("sha256:…", DIGEST) for block in blocks]


def test_the_engine_is_read_and_its_defaults_are_the_defaults(make):
    text = PROJECT + "".join(f"      {line}\n" for line in _examples()[0].splitlines())
    said = parse_project("mlci.yaml", text.encode()).environments[0].argo
    least = make.argo()
    assert said is not None
    for name in ("namespace", "agent", "cluster", "argocd", "bundle"):
        assert getattr(said, name) == getattr(least, name)


def test_the_release_can_be_rendered_and_its_defaults_are_the_defaults(make):
    said = yaml.safe_load(_examples()[1])
    made = make.release(**said)
    assert make.objects(made, routing=make.gateway)
    least = make.release(serving={"image": said["serving"]["image"]}, rollout=None)
    for name in ("port", "startup", "min_ready"):
        assert getattr(made.serving, name) == getattr(least.serving, name)
    for name in ("scale_down_delay", "progress_deadline", "approval"):
        assert getattr(made.rollout, name) == getattr(least.rollout, name)


def test_the_patches_are_allowed(make):
    patches = yaml.safe_load(_examples()[2])["patches"]
    rollout = make.objects(make.patched(*patches))["Rollout", "income"]
    assert rollout["spec"]["template"]["spec"]["tolerations"]
