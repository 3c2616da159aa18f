import pytest

from mlci.gitops import deliveries
from mlci.records.delivery import State


@pytest.fixture
def history(record):
    """``history("d1 HEALTHY", "d2 ADMITTED", …)``: manifest and model named as the delivery, or
    ``delivery/manifest/model STATE``."""

    def make(*steps):
        records = []
        for seq, step in enumerate(steps, start=1):
            name, state = step.split()
            delivery, *rest = name.split("/")
            manifest, *model = rest or [delivery]
            digest = model[0] if model else manifest
            records.append(
                record(
                    seq, State(state), delivery=delivery, manifest=manifest, digest=digest,
                    version=delivery,
                )
            )  # fmt: skip
        return records

    return make


def test_identities_are_stable_and_differ_by_every_part():
    parts = ["production", "income", "sha256:a", ""]
    one = deliveries.delivery_id(*parts)
    assert one == deliveries.delivery_id(*parts)
    assert len(one) == 64
    others = [deliveries.delivery_id(*parts[:i], parts[i] + "x", *parts[i + 1 :]) for i in range(4)]
    assert len({one, *others, deliveries.refusal_id("sha256:a", "v")}) == 6
    assert deliveries.delivery_id("a", "bc", "", "") != deliveries.delivery_id("ab", "c", "", "")


def test_next_seq(history):
    assert deliveries.next_seq([]) == 1
    assert deliveries.next_seq(history("a HEALTHY", "b ADMITTED")) == 3


@pytest.mark.parametrize(
    ("steps", "champion"),
    [
        ([], None),
        (["a ADMITTED"], None),
        (["a REGRESSED"], None),
        (["a HEALTHY"], "a"),
        (["a ADOPTED"], "a"),
        (["a HEALTHY", "b HEALTHY"], "b"),
        (["a HEALTHY", "b ADMITTED"], "a"),
        (["a HEALTHY", "b ADMITTED", "b REGRESSED"], "a"),
        (["a HEALTHY", "b HEALTHY", "b REGRESSED"], "a"),
        (["a HEALTHY", "b HEALTHY", "a REGRESSED"], "b"),
        (["a HEALTHY", "a REGRESSED"], None),
        (["a HEALTHY", "b HEALTHY", "b SUPERSEDED"], "b"),
        (["a REGRESSED", "a HEALTHY"], "a"),
        # one model in two manifests: where it regressed after its promotion, it did so in both
        (["o HEALTHY", "a/m/x HEALTHY", "b/n/x HEALTHY", "b/n/x REGRESSED"], "o"),
        (["a/m/x HEALTHY", "b/n/x HEALTHY", "b/n/x REGRESSED"], "a"),
        (["o HEALTHY", "a/m/x HEALTHY", "b/n/x ADMITTED", "b/n/x REGRESSED"], "a"),
        (["o HEALTHY", "a/m/x HEALTHY", "a/m/x REGRESSED", "b/n/x HEALTHY"], "b"),
    ],
)
def test_champion_is_the_newest_that_nothing_voids(history, steps, champion):
    found = deliveries.champion(history(*steps))
    assert (found.version if found else None) == champion


def test_voided(history):
    records = history("a HEALTHY", "b HEALTHY", "b REGRESSED")
    assert [deliveries.voided(records, each) for each in records] == [False, True, False]


@pytest.mark.parametrize(
    ("steps", "versions"),
    [
        ([], []),
        (["a HEALTHY"], ["a"]),
        (["a HEALTHY", "b HEALTHY", "c HEALTHY"], ["c", "b"]),
        (["a HEALTHY", "b HEALTHY", "c HEALTHY", "c REGRESSED"], ["b", "a"]),
        # back on a by a delivery of its own: the way back from there is not a again
        (["o HEALTHY", "a/m HEALTHY", "b REGRESSED", "a2/m HEALTHY"], ["a2", "o"]),
    ],
)
def test_ways_back_are_the_champion_and_the_one_before(history, steps, versions):
    assert [each.version for each in deliveries.ways_back(history(*steps))] == versions


@pytest.mark.parametrize(
    ("steps", "target"),
    [
        (["b REGRESSED"], None),
        (["a HEALTHY", "b REGRESSED"], "a"),
        (["a HEALTHY", "b HEALTHY", "c HEALTHY", "b REGRESSED"], "a"),
        (["a HEALTHY", "a REGRESSED", "b REGRESSED"], None),
        (["o HEALTHY", "a/m HEALTHY", "b/m REGRESSED"], "o"),
        (["a ADOPTED", "b HEALTHY", "b REGRESSED"], "a"),
        (["o HEALTHY", "a/m/x HEALTHY", "b/n/x HEALTHY"], "o"),
        (["o HEALTHY", "a/m/x HEALTHY", "b/n/x HEALTHY", "b/n/x REGRESSED"], "o"),
        (["o HEALTHY", "a/m/x HEALTHY", "b/n/x ADMITTED"], "a"),
        (["a/m/x HEALTHY", "b/n/x HEALTHY"], "a"),
    ],
)
def test_restoration_target_is_another_manifest_that_was_healthy_before(history, steps, target):
    records = history(*steps)
    taken_back = next(each for each in reversed(records) if each.version == "b")
    found = deliveries.restoration_target(records, taken_back)
    assert (found.version if found else None) == target


@pytest.mark.parametrize(
    ("steps", "is_blocked"),
    [
        ([], False),
        (["a/m/bad HEALTHY"], False),
        (["a/m/bad REGRESSED"], True),
        (["a/m/other REGRESSED"], False),
        (["a/m/bad REGRESSED", "b/n/bad HELD"], True),
        (["a/m/bad REGRESSED", "a/m/other APPROVED"], True),
        (["a/m/bad REGRESSED", "a/m/bad APPROVED"], False),
        (["a/m/bad APPROVED", "a/m/bad REGRESSED"], True),
        (["a/m/bad REGRESSED", "a/m/bad APPROVED", "b/m/bad ADMITTED"], True),
        (["a/m/bad REGRESSED", "a/m/bad APPROVED", "b/m/bad ADMITTED", "b/m/bad REGRESSED"], True),
        # A yes to a pause is for the paused delivery alone.
        (
            [
                "a/m/bad REGRESSED",
                "a/m/bad APPROVED",
                *("b/m/bad ADMITTED", "b/m/bad PAUSED", "b/m/bad APPROVED"),
            ],
            True,
        ),
    ],
)
def test_a_regressed_model_is_blocked_until_a_person_approves_one_delivery(
    history, steps, is_blocked
):
    digest = "sha256:" + b"bad".hex().ljust(64, "0")
    found = deliveries.blocked(history(*steps), digest)
    assert (found is not None) == is_blocked


def test_the_approved_delivery_itself_is_not_blocked(history):
    records = history("a/m/bad REGRESSED", "a/m/bad APPROVED", "b/m/bad ADMITTED")
    assert deliveries.blocked(records, records[0].model_digest, records[2].delivery) is None
    assert deliveries.blocked(records, records[0].model_digest, "another") is records[0]


def test_latest_record_of_a_delivery(history):
    records = history("a ADMITTED", "b ADMITTED", "a HEALTHY")
    assert deliveries.latest(records, records[0].delivery) is records[2]
    assert deliveries.latest(records, "unknown") is None
