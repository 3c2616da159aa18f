"""What people are shown of a delivery's stages: all kinds of them, and what each waits for."""

import pytest

from mlci.records.delivery import State

PATH = "releases/income/production.yaml"
STEPS = (
    "[{header: x-tester=yes}, {pause: approval}, {shadow: 20%, bake: 90s}, "
    "{weight: 10, bake: 1m}, {weight: 50, bake: 2h}]"
)
PLAIN = "{strategy: canary, steps: [{weight: 10, bake: 1m}, {weight: 50, bake: 2m}]}"
PERSON = f"a person: mlci approve {PATH}"
SHOWN = [
    ("header", "is for requests with x-tester=yes", 0, "nothing"),
    ("pause", "{pause: approval}", 0, PERSON),
    ("shadow", "gets copies of 0.2 of the requests", 0, "90 s of watching without harm"),
    ("weight", "at 10 %", 10, "1 min of watching without harm"),
    ("weight", "at 50 %", 50, "2 h of watching without harm, then evidence that it is HEALTHY"),
]


def _shown(stages):
    assert [each["step"] for each in stages] == [*range(1, len(stages) + 1)]
    return [(each["kind"], each["says"], each["weight"], each["waitsFor"]) for each in stages]


@pytest.fixture
def asks(world, make):
    """Asks for a release with this rollout beside a champion, in Git."""

    def asks(rollout):
        text = world.propose(make.model("s", "2.0.0")).replace(PLAIN, rollout)
        world.merge({PATH: text}, "2.0.0")

    world.record(State.ADMITTED, State.HEALTHY)
    return asks


def test_a_canary_of_all_kinds_of_steps_as_plan_and_status_show_it(world, asks):
    asks(f"{{strategy: canary, steps: {STEPS}}}")
    assert _shown(world.run("plan", PATH, "--format", "json").fits("plan")["stages"]) == SHOWN
    world.run("plan", PATH).says("3. gets copies of 0.2 of the requests; waits for 90 s")
    world.record(State.ADMITTED, State.PAUSED, step=2)
    (line,) = [
        each
        for each in world.run("status", "--format", "json").fits("status")["releases"]
        if each["environment"] == "production"
    ]
    assert _shown(line["delivering"]["stages"]) == SHOWN
    assert line["delivering"]["pausedAt"] == 2
    text = world.run("status").says("it waits for a person", "    1. is for requests").out
    assert f"  > 2. {{pause: approval}}; waits for {PERSON}" in text
    asks(PLAIN)
    world.run("status").says("2.0.0 is under way beside 1.0.0; it waits for a person")


def test_blue_green_is_a_preview_a_pause_and_a_switch(world, asks):
    asks("{strategy: blueGreen, approval: true}")
    stages = world.run("plan", PATH, "--format", "json").fits("plan")["stages"]
    right = "right answers to rows of the exam, and the policies' load objectives"
    assert _shown(stages) == [
        ("preview", "previewed", 0, right),
        ("pause", "{approval: true}", 0, PERSON),
        ("switch", "switched to", 100, "evidence that it is HEALTHY"),
    ]


def test_a_first_release_has_all_traffic_and_gets_no_copies(world, make):
    text = world.propose(make.model("s", "2.0.0"))
    world.merge({PATH: text.replace(PLAIN, f"{{strategy: canary, steps: {STEPS}}}")}, "2.0.0")
    stages = world.run("plan", PATH, "--format", "json").fits("plan")["stages"]
    assert [each["weight"] for each in stages] == [0, 0, 0, 100, 100]
    assert stages[2]["waitsFor"] == "nothing"
