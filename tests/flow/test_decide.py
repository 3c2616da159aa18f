"""One act for every history: a table of cases, then worlds that hypothesis makes up.

The worlds do what the acts say, as the agent would; whatever people merge between, the acts must
come to rest, and may not record without end.
"""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlci.flow.decide import (
    Admission,
    Deliver,
    Gate,
    Record,
    Regress,
    Remove,
    Steady,
    TakeBack,
    Tip,
    Wait,
    decide,
)
from mlci.flow.progress import Intent, Progress
from mlci.gitops import deliveries
from mlci.records.delivery import DeliveryRecord, State
from mlci.records.release import Model, Release, Step
from mlci.records.source import Source

PASSED = Admission(admits=True, verdict="pass", reason="verdict PASS")
FAILED = Admission(refused=True, verdict="fail", reason="verdict FAIL")
HELD = Admission(held="blocked")


def digest(letter):
    return "sha256:" + letter.encode().hex().ljust(64, "0")


def tip(letter, problem=""):
    if letter is None:
        return Tip(commit="c", digest=None, release=None)
    release = Release(
        source=Source(path="p", digest=digest(letter), content=b"", places={}),
        name="income",
        environment="production",
        version=letter,
        task="binary-classification",
        model=Model(uri="m", digest=digest(letter), format="onnx"),
        evaluation="exam",
        replicas=1,
        steps=(Step(weight=50, bake=1.0),),
    )
    return Tip(commit="c", digest=digest(letter), release=release, problem=problem)


def history(*words):
    """``"a:HEALTHY"`` or ``"a1:HEALTHY"``: manifest a, delivery a1."""
    records = []
    for seq, word in enumerate(words, start=1):
        name, state = word.split(":")
        records.append(record(seq, name, State(state)))
    return records


def delivery(name):
    return name.encode().hex().ljust(64, "0")


def record(seq, name, state, **more):
    return DeliveryRecord(
        seq=seq,
        delivery=delivery(name),
        state=state,
        environment="production",
        model="income",
        version=name,
        manifest_digest=digest(name[0]),
        model_digest=digest(name[0]),
        commit="0" * 40,
        reason=more.pop("reason", "because"),
        time="2026-01-01T00:00:00Z",
        by="test",
        **more,
    )


NOTHING = Admission()


def act(tip, records, admission=NOTHING, **more):
    return decide(
        environment="production",
        model="income",
        tip=tip,
        history=records,
        admission=admission,
        **more,
    )


def said(found):
    match found:
        case Record(state=state):
            return str(state)
        case _:
            return type(found).__name__


@pytest.mark.parametrize(
    ("letter", "words", "admission", "expected"),
    [
        (None, "", Admission(), "Remove"),
        (None, "a:HEALTHY", Admission(), "Remove"),
        (None, "a:ADMITTED", Admission(), "SUPERSEDED"),
        (None, "a:HEALTHY b:REGRESSED", Admission(), "TakeBack"),
        ("a", "", Admission(), "Gate"),
        ("a", "", PASSED, "ADMITTED"),
        ("a", "", FAILED, "HELD"),
        ("a", "", HELD, "HELD"),
        ("a", "a:GATING", Admission(), "Gate"),
        ("a", "a:GATING", PASSED, "ADMITTED"),
        ("a", "a:ADMITTED", Admission(), "Deliver"),
        ("a", "a:PAUSED", HELD, "Deliver"),
        ("a", "a:ADMITTED a:APPROVED", Admission(), "Deliver"),
        ("a", "a:HEALTHY", Admission(), "Steady"),
        ("a", "a:ADOPTED", FAILED, "Steady"),
        ("a", "a:HEALTHY b:ADMITTED", Admission(), "SUPERSEDED"),
        ("a", "a:HEALTHY b:HELD", Admission(), "SUPERSEDED"),
        ("a", "a:HEALTHY b:REGRESSED", Admission(), "TakeBack"),
        ("a", "a:HEALTHY b:REGRESSED b:REVERTED", Admission(), "Steady"),
        ("a", "a:HEALTHY b:REFUSED", Admission(), "Steady"),
        ("b", "a:HEALTHY", FAILED, "REFUSED"),
        ("b", "a:HEALTHY b:REFUSED", FAILED, "TakeBack"),
        ("b", "a:HEALTHY b:HEALTHY b:REGRESSED", HELD, "TakeBack"),
        ("b", "a:HEALTHY b:REGRESSED b:REVERTED", HELD, "HELD"),
        ("b", "a:REGRESSED", PASSED, "ADMITTED"),
        ("c", "a:HEALTHY b:ADMITTED", PASSED, "SUPERSEDED"),
        ("c", "a:HEALTHY b:SUPERSEDED", PASSED, "ADMITTED"),
        ("c", "a:HEALTHY b:REGRESSED", PASSED, "TakeBack"),
        ("c", "a:HEALTHY b:REFUSED", PASSED, "ADMITTED"),
    ],
)
def test_cases(letter, words, admission, expected):
    assert said(act(tip(letter), history(*words.split()), admission)) == expected


def test_a_tip_that_can_not_be_used_is_held_and_one_that_can_not_be_read_waits():
    records = history("a:HEALTHY")
    found = act(tip("b", problem="no policy"), records, PASSED)
    assert isinstance(found, Record)
    assert (found.state, found.reason) == (State.HELD, "no policy")
    unread = Tip(commit="c", digest=digest("b"), release=None, problem="line 3")
    assert act(unread, records) == Wait(why="line 3")
    assert isinstance(act(tip("b", problem="no policy"), history("b:ADMITTED")), Deliver)


def test_the_same_hold_is_recorded_once_and_a_passing_one_however_it_is_worded():
    known = [record(1, "a", State.HELD, reason="blocked")]
    assert act(tip("a"), known, HELD) == Wait(why="HELD: blocked")
    assert isinstance(act(tip("a"), known, Admission(held="other")), Record)
    assert isinstance(act(tip("a"), known, Admission(held="other", passing=True)), Wait)


def test_a_verdict_takes_a_manifest_back_once():
    before = [
        *history("a:HEALTHY", "b:REFUSED"),
        record(3, "b", State.REVERTED, verdict="fail", reversal="f" * 40),
    ]
    found = act(tip("b"), before, FAILED)
    assert isinstance(found, Record)
    assert found.state is State.HELD
    other = act(tip("b"), before, replace(FAILED, verdict="another"))
    assert isinstance(other, Record)
    assert other.state is State.REFUSED


@pytest.mark.parametrize("ended", [State.REGRESSED, State.REFUSED])
def test_a_reversal_that_waits_holds_the_delivery_that_it_takes_back(ended):
    branch = "mlci/revert/abc"
    before = [
        *history("a:HEALTHY", f"b:{ended}"),
        record(3, "b", State.REVERTED, verdict="fail", reversal=branch),
    ]
    barred = HELD if ended is State.REGRESSED else FAILED
    found = act(tip("b"), before, barred)
    assert isinstance(found, Record)
    assert (found.state, found.delivery) == (State.HELD, before[-1].delivery)
    assert found.reason == f"the reversal waits: merge {branch}"
    held = [*before, record(4, "b", State.HELD, reason=found.reason)]
    assert act(tip("b"), held, barred) == Wait(why=f"HELD: {found.reason}")
    merged = act(tip("a"), held, PASSED)
    assert isinstance(merged, Record)
    assert merged.state is State.SUPERSEDED
    permitted = act(tip("b"), held, PASSED)
    assert isinstance(permitted, Record)
    assert permitted.state is State.ADMITTED
    assert permitted.delivery != before[-1].delivery


@pytest.mark.parametrize(
    ("journal", "words", "back"),
    [
        ("b", "a:HEALTHY b:ADMITTED", "a"),
        ("b", "a:HEALTHY b:PAUSED b:APPROVED", "a"),
        ("b", "a:HEALTHY b:HEALTHY", "a"),
        ("b", "a:HEALTHY b:HEALTHY c:GATING", "a"),
        ("b", "a:HEALTHY b:ADMITTED b:SUPERSEDED c:HELD", "a"),
        ("b", "b:ADMITTED", None),
    ],
)
def test_harm_that_was_shown_comes_before_whatever_git_asks_for(journal, words, back):
    begun = Progress(delivery=delivery(journal), intent=Intent.TAKE_BACK)
    records = history(*words.split())
    for letter in ("a", "b", "c", None):
        for admission in (NOTHING, PASSED, FAILED, HELD):
            found = act(tip(letter), records, admission, journal=begun)
            assert isinstance(found, Regress)
            assert found.record.version == journal
            assert found.record.state is not State.APPROVED
            assert (found.back.version if found.back else None) == back
    over = [*records, record(len(records) + 1, journal, State.REGRESSED)]
    assert not isinstance(act(tip("c"), over, journal=begun), Regress)
    promoting = replace(begun, intent=Intent.PROMOTE)
    assert not isinstance(act(tip("b"), records, journal=promoting), Regress)


def test_a_delivery_under_way_stays_so_while_nothing_may_be_done():
    for letter in ("a", "b", "c", None):
        found = act(tip(letter), history("a:HEALTHY", "b:ADMITTED"), acting=False)
        assert isinstance(found, Deliver)
        assert (found.record.version, found.champion.version) == ("b", "a")


@pytest.mark.parametrize(
    ("words", "approved"),
    [
        ("b:ADMITTED b:PAUSED b:APPROVED", True),
        ("b:ADMITTED b:PAUSED", False),
        ("b:ADMITTED b:APPROVED", False),
        ("b:ADMITTED b:PAUSED a:APPROVED", False),
    ],
)
def test_a_persons_yes_counts_for_the_pause_before_it(words, approved):
    assert act(tip("b"), history("a:HEALTHY", *words.split())).approved == approved


def test_a_persons_yes_to_one_pause_is_none_to_another():
    *before, paused, approved = history("a:HEALTHY", "b:ADMITTED", "b:PAUSED", "b:APPROVED")
    for at, said, counts in ((2, 2, True), (4, 2, False), (0, 2, False), (2, 0, False)):
        known = (*before, replace(paused, step=at), replace(approved, step=said))
        assert act(tip("b"), known).approved == counts


def test_two_agents_mean_the_same_delivery():
    one, other = (act(tip("b"), history("a:HEALTHY"), PASSED) for _ in range(2))
    assert one == other
    assert one.previous == history("a:HEALTHY")[0].delivery


MERGE = st.sampled_from(["a", "b", "c", None])
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("merge"), MERGE),
        st.tuples(st.just("outcome"), st.sampled_from(["HEALTHY", "REGRESSED", "PAUSED"])),
        st.tuples(st.just("harm"), st.none()),
        st.tuples(st.just("approve"), st.just(None)),
        st.tuples(st.just("refuse pushes"), st.booleans()),
        st.tuples(st.just("lose the last word"), st.booleans()),
    ),
    max_size=14,
)


class World:
    """Does what acts say; ``fails`` are manifests whose gate fails."""

    def __init__(self, fails):
        self.records, self.tip, self.fails = [], None, fails
        self.refusing, self.forgets, self.taken = False, False, set()
        self.journal = None

    def admission(self):
        if self.tip is None:
            return Admission()
        wanted = digest(self.tip)
        if any(each.manifest_digest == wanted for each in deliveries.ways_back(self.records)):
            return PASSED
        if deliveries.blocked(self.records, wanted):
            return HELD
        gated = [
            each
            for each in self.records
            if each.state is State.GATING and each.manifest_digest == wanted
        ]
        if not gated:
            return Admission()
        return FAILED if self.tip in self.fails else PASSED

    def append(self, of, state, **more):
        self.records.append(replace(of, seq=len(self.records) + 1, state=state, **more))

    def own(self, found, state):
        blank = record(1, self.tip, state)
        verdict = getattr(found, "verdict", "")
        reason = getattr(found, "reason", "gating")
        self.append(
            blank,
            state,
            delivery=found.delivery,
            previous=found.previous,
            reason=reason,
            verdict=verdict,
        )

    def step(self):
        """One act; False when there is nothing to record or to push."""
        found = act(tip(self.tip), self.records, self.admission(), journal=self.journal)
        match found:
            case Regress(record=older):
                self.append(older, State.REGRESSED)
            case Record(of=DeliveryRecord() as older, state=state):
                self.append(older, state)
            case Record(state=state):
                self.own(found, state)
            case Gate():
                newest = deliveries.latest(self.records, found.delivery)
                assert newest is None or newest.state is not State.GATING
                self.own(found, State.GATING)
            case TakeBack(record=regressed, target=target):
                self.take_back(regressed, target)
            case _:
                assert isinstance(found, Wait | Remove | Steady | Deliver)
                return False
        return True

    def take_back(self, regressed, target):
        incident = (
            deliveries.refusal_id(regressed.manifest_digest, regressed.verdict)
            if regressed.state is State.REFUSED
            else regressed.delivery
        )
        asked = self.tip is not None and digest(self.tip) == regressed.manifest_digest
        if incident in self.taken:
            self.append(regressed, State.REVERTED, reversal="f" * 40)
        elif not asked:
            self.append(regressed, State.SUPERSEDED)
        elif self.refusing:
            self.append(regressed, State.REVERTED, reversal="mlci/revert/x")
        else:
            self.taken.add(incident)
            self.tip = next(letter for letter in "abc" if digest(letter) == target.manifest_digest)
            if not self.forgets:
                self.append(regressed, State.REVERTED, reversal="f" * 40)

    def shown(self, of):
        """Harm, journalled; people merge before the agent comes to record it."""
        self.journal = Progress(delivery=of.delivery, intent=Intent.TAKE_BACK)

    def settle(self):
        for _ in range(20):
            if not self.step():
                return
        raise AssertionError([f"{each.state} {each.version}" for each in self.records])

    def happen(self, kind, what):
        under_way = act(tip(self.tip), self.records, self.admission())
        champion = deliveries.champion(self.records)
        match kind:
            case "harm" if isinstance(under_way, Deliver):
                self.shown(under_way.record)
            case "harm" if isinstance(under_way, Steady | Wait) and champion:
                self.shown(champion)
            case "merge":
                self.tip = what
            case "outcome" if isinstance(under_way, Deliver):
                self.append(under_way.record, State(what))
            case "outcome" if isinstance(under_way, Steady) and what == "REGRESSED":
                self.append(champion, State.REGRESSED)
            case "approve" if self.records:
                self.append(self.records[-1], State.APPROVED)
            case "refuse pushes":
                self.refusing = what
            case "lose the last word":
                self.forgets = what


@settings(max_examples=300, deadline=None)
@given(EVENTS, st.sets(st.sampled_from("abc")))
def test_whatever_is_merged_the_acts_come_to_rest(events, fails):
    world = World(fails)
    for kind, what in events:
        world.happen(kind, what)
        world.settle()
        number = len(world.records)
        world.settle()
        assert len(world.records) == number
        judged = [each.delivery for each in world.records if each.state is State.REGRESSED]
        assert len(judged) == len(set(judged))


@settings(max_examples=200, deadline=None)
@given(EVENTS, MERGE, st.sets(st.sampled_from("abc")))
def test_harm_is_recorded_whatever_is_merged_before(events, merged, fails):
    world = World(fails)
    for kind, what in events:
        world.happen(kind, what)
        if kind == "harm":
            world.happen("merge", merged)
        world.settle()
        if world.journal is not None:
            own = [each for each in world.records if each.delivery == world.journal.delivery]
            assert [each.state for each in own].count(State.REGRESSED) == 1
            if (champion := deliveries.champion(world.records)) is not None:
                assert champion.delivery != world.journal.delivery
            world.journal = None


@settings(max_examples=300, deadline=None)
@given(EVENTS, st.sets(st.sampled_from("abc")))
def test_nothing_is_delivered_that_was_not_admitted(events, fails):
    world = World(fails)
    for kind, what in events:
        world.happen(kind, what)
        world.settle()
        for each in world.records:
            if each.state is State.ADMITTED and each.verdict == "pass":
                assert each.manifest_digest not in {digest(letter) for letter in fails}
