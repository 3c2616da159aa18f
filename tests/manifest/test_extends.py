"""The packs that ship, alone and under a policy."""

import re
from importlib import resources
from itertools import pairwise

import pytest

from mlci import packs
from mlci.errors import Invalid
from mlci.manifest.policy import parse_policy
from mlci.manifest.yaml import load
from mlci.records.digest import digest_of

HEAD = (
    "apiVersion: mlci.dev/v1\nkind: GatePolicy\nmetadata: {name: p}\n"
    "spec:\n  appliesTo: {environments: [production]}\n  extends: %s\n"
)
FAIRNESS = "  gates: [{gate: fairness, metric: selection_rate, by: [sex], champion: {margin: 0}}]\n"


def policy(pack, rest=""):
    return parse_policy("policies/p.yaml", (HEAD % pack + rest).encode())


def spec(name):
    return load(name, packs.read(name)).value["spec"]


def test_the_packs_that_there_are():
    assert packs.names() == ("baseline", "high-risk", "smb")
    shipped = resources.files("mlci") / "packs"
    assert all(
        (shipped / f"{name}.yaml").read_bytes() == packs.read(name) for name in packs.names()
    )
    with pytest.raises(KeyError):
        packs.read("../schemas/verdict")


@pytest.mark.parametrize("name", packs.names())
def test_a_pack_makes_a_whole_policy_and_is_named_by_its_digest(name):
    found = policy(name, FAIRNESS)
    assert {each["name"] for each in spec(name)["gates"]} <= {each.name for each in found.gates}
    assert found.pack is not None
    assert (found.pack.name, found.pack.digest) == (name, digest_of(packs.read(name)))
    assert found.digests == (found.source.digest, found.pack.digest)


@pytest.mark.parametrize("name", packs.names())
def test_a_pack_says_every_word_that_has_an_order(name):
    """What a pack leaves to a default, a policy could loosen."""
    said = spec(name)
    assert {"confidence", "onInconclusive", "gates", "watch", "waiverRules"} <= said.keys()
    assert len(said["watch"]) == 11
    for gate in said["gates"]:
        assert gate["gate"] != "fairness" or {"decision", "smallGroups"} <= gate.keys()


@pytest.mark.parametrize("name", packs.names())
def test_every_number_has_a_comment_that_says_why(name):
    lines = packs.read(name).decode().splitlines()
    for before, line in pairwise(lines):
        if re.search(r"(: |[\[{<>]=? ?)\d", line.split("#")[0]):
            assert before.strip().startswith("#"), line


def test_a_pack_extends_nothing():
    """So that there are no cycles, and one text says it all."""
    assert [name for name in packs.names() if "extends" in spec(name)] == []


def test_what_the_policy_says_lies_over_the_pack():
    found = policy(
        "high-risk",
        "  gates:\n"
        "    - {gate: accuracy, metric: recall, minimum: 0.6}\n"
        "    - {gate: fairness, metric: selection_rate, by: [sex], champion: {margin: 0.01}}\n"
        "  watch: {keepWatching: 2d}\n",
    )
    assert [each.name for each in found.gates] == ["accuracy", "fairness", "quality"]
    assert [each.index for each in found.gates] == [0, 1, 2]
    fairness, quality = found.gates[1:]
    assert fairness.parameters["champion"] == {"margin": 0.01}
    assert fairness.parameters["minimumRatio"] == 0.8
    assert fairness.parameters["decision"] == "assure"
    assert quality.parameters["champion"] == {"margin": 0.01}
    assert {each.confidence for each in found.gates} == {0.99}
    assert (found.watch.keep_watching, found.watch.harm) == (172_800.0, 1.05)
    assert found.waiver_rules.gates == ("quality",)
    assert "owner-is-named" in {each.id for each in found.rules}
    # A message about what the pack says points at the line that took it over.
    assert found.source.at("spec", "gates", 2) == "policies/p.yaml:6:3"
    assert found.source.at("spec", "rules", 0) == "policies/p.yaml:6:3"


def test_only_what_a_pack_says_so_of_may_be_loosened():
    assert policy("smb", "  watch: {errorBudget: 5%}\n").watch.error_budget == 0.05
    with pytest.raises(Invalid, match=r"p.yaml:7:11: '5%', where pack baseline says '0.5%'"):
        policy("baseline", "  watch: {errorBudget: 5%}\n")


@pytest.mark.parametrize(
    "rest", ["  gates: x\n", "  gates: [1]\n", "  rules: {}\n", "  watch: []\n"]
)
def test_a_policy_of_the_wrong_shape_is_refused_with_its_pack_too(rest):
    with pytest.raises(Invalid, match=r"policies/p.yaml:7:"):
        policy("baseline", rest)
