"""``engine.argo.prometheus``: what isn't said is what its source has."""

import pytest

from mlci.records.prometheus import EVERY, SOURCES, Requests, read_prometheus

ADDRESS = "http://prometheus:9090"
OWN = {"query": 'answers_total{hash="$hash"}', "code": "status"}


def read(**said):
    return read_prometheus({"address": ADDRESS, **said})


def test_nothing_said_is_nothing_read():
    assert read_prometheus(None) is None


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_a_source_says_all_but_the_address(source):
    found, known = read(source=source), SOURCES[source]
    assert found.requests == tuple(Requests(**each) for each in known["requests"])
    assert (found.buckets, found.active) == (known.get("buckets"), known.get("active"))
    assert (found.address, found.every, found.instance) == (ADDRESS, EVERY, ("instance",))


def test_without_a_source_it_is_mlci_s_own():
    assert read() == read(source="mlci")
    assert (read().unit, read(source="istio").unit) == (1.0, 0.001)


def test_one_word_in_place_of_the_source_s_leaves_its_others():
    found = read(source="envoy", active="busy{a='b'}", instance=["pod"], every="1m")
    assert found.active == "busy{a='b'}"
    assert (found.instance, found.every) == (("pod",), 60.0)
    assert (found.requests, found.buckets) == (
        read(source="envoy").requests,
        read(source="envoy").buckets,
    )


def test_own_requests_take_nothing_from_a_source():
    found = read(requests=[OWN, {**OWN, "code": 500}], source="envoy")
    assert found.requests == (Requests(**OWN), Requests(query=OWN["query"], code=500))
    assert (found.buckets, found.active, found.unit) == (None, None, 1.0)


@pytest.mark.parametrize(("unit", "seconds"), [("s", 1.0), ("ms", 0.001)])
def test_buckets_are_in_their_unit(unit, seconds):
    assert read(requests=[OWN], buckets="took_bucket{a='b'}", unit=unit).unit == seconds
