import json
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mlci.errors import Broken
from mlci.records.delivery import (
    Blob,
    DeliveryRecord,
    State,
    delivery_path,
    from_json_bytes,
    to_json_bytes,
)

HEXADECIMAL = st.text("0123456789abcdef", min_size=64, max_size=64)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
BLOBS = st.lists(
    st.builds(Blob, path=TEXT, mode=st.just("100644"), oid=HEXADECIMAL.map(lambda h: h[:40])),
    max_size=3,
).map(tuple)
RECORDS = st.builds(
    DeliveryRecord,
    seq=st.integers(1, 10**9),
    delivery=HEXADECIMAL,
    state=st.sampled_from(State),
    environment=st.from_regex(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", fullmatch=True),
    model=st.from_regex(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", fullmatch=True),
    version=TEXT,
    manifest_digest=HEXADECIMAL.map("sha256:".__add__),
    model_digest=HEXADECIMAL.map("sha256:".__add__),
    commit=HEXADECIMAL.map(lambda h: h[:40]),
    reason=TEXT,
    time=TEXT,
    by=TEXT,
    previous=TEXT,
    verdict=TEXT,
    reversal=TEXT,
    paths=BLOBS,
    artifacts=BLOBS,
    evidence=st.dictionaries(TEXT, st.floats(allow_nan=False, allow_infinity=False)),
)
ONE = DeliveryRecord(
    seq=7,
    delivery="d" * 64,
    state=State.HEALTHY,
    environment="production",
    model="income",
    version="1.0.0",
    manifest_digest="sha256:" + "a" * 64,
    model_digest="sha256:" + "b" * 64,
    commit="c" * 40,
    reason="shown to be no worse",
    time="2026-01-01T00:00:00Z",
    by="agent",
    paths=(Blob(path="releases/income/production.yaml", mode="100644", oid="e" * 40),),
    evidence={"logE": 3.5},
)


@given(RECORDS)
def test_what_is_written_is_what_is_read(record):
    content = to_json_bytes(record)
    assert from_json_bytes(content, "here") == record
    assert to_json_bytes(from_json_bytes(content, "here")) == content


def test_the_text_is_sorted_and_named_as_documents_are():
    text = to_json_bytes(ONE).decode()
    data = json.loads(text)
    assert text.endswith("}\n")
    assert list(data) == sorted(data)
    assert data["manifestDigest"] == ONE.manifest_digest
    assert (data["apiVersion"], data["kind"]) == ("mlci.dev/v1", "Delivery")
    assert delivery_path("production", "income", 7) == "deliveries/production/income/000007.json"


def test_a_number_that_is_none_is_never_written():
    with pytest.raises(ValueError, match="JSON compliant"):
        to_json_bytes(DeliveryRecord(**{**vars(ONE), "evidence": {"logE": float("nan")}}))


@pytest.mark.parametrize("change", [{"seq": 0}, {"commit": "main"}, {"model": "Income"}])
def test_what_could_not_be_read_again_is_never_written(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        to_json_bytes(DeliveryRecord(**{**vars(ONE), **change}))


@pytest.mark.parametrize(
    "change",
    [
        {"seq": 0},
        {"seq": "7"},
        {"seq": True},
        {"state": "FINE"},
        {"unknown": 1},
        {"kind": "Verdict"},
        {"delivery": None},
        {"manifestDigest": "latest"},
        {"environment": "../staging"},
        {"commit": "HEAD"},
        {"paths": [{"path": "a", "mode": "100644", "oid": "--upload-pack=x"}]},
        {"paths": [{"path": "a"}]},
        {"paths": {"path": "a"}},
        {"evidence": {"logE": "high"}},
        {"evidence": []},
    ],
)
def test_refuses_what_is_no_record(change):
    data = {**json.loads(to_json_bytes(ONE)), **change}
    with pytest.raises(Broken) as caught:
        from_json_bytes(json.dumps(data).encode(), "deliveries/production/income/000007.json")
    assert caught.value.place == "deliveries/production/income/000007.json"


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"null", b"\xff", b"{", b"[" * 100_000, b'{"seq": 1, "seq": 2}', b'{"seq": NaN}'],
)
def test_refuses_what_is_no_json_object(content):
    with pytest.raises(Broken):
        from_json_bytes(content, "here")


@pytest.mark.parametrize("key", ["seq", "delivery", "state", "commit", "reason", "apiVersion"])
def test_refuses_a_record_that_says_less(key):
    data = json.loads(to_json_bytes(ONE))
    del data[key]
    with pytest.raises(Broken):
        from_json_bytes(json.dumps(data).encode(), "here")


@given(RECORDS)
def test_what_is_written_is_what_the_schema_describes(record):
    schema = json.loads((files("mlci.schemas") / "delivery.json").read_text())
    Draft202012Validator(schema).validate(json.loads(to_json_bytes(record)))
