"""The exposition, read back by an independent reading of the format."""

import re

from mlci.records.outcome import Health
from mlci.watch.judge import Assessment
from mlci.watch.metrics import ArmView, ModelView, exposition

SAMPLE = re.compile(r'([a-z_]+)\{((?:[a-z]+="(?:[^"\\]|\\.)*",?)+)\} (-?[0-9.e+]+)')


def view(arm, **options):
    counts = arm(started=12, ended=10, failed=3, buckets=((0.025, 4), (30.0, 7)))
    arms = [ArmView(arm="canary", version='1"\\\n', weight=5, counts=counts)]
    return ModelView(model="income", environment="production", arms=arms, **options)


def read(text):
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {SAMPLE.fullmatch(line).group(1, 2): float(SAMPLE.fullmatch(line)[3]) for line in lines}


def test_what_the_contract_lists_is_there(arm):
    said = Assessment(health=Health.WATCHING, reason="", evidence={"harm/errors": -0.5})
    text = exposition([view(arm, assessment=said)])
    found = read(text)
    base = 'model="income",environment="production"'
    labels = base + ',arm="canary",version="1\\"\\\\\\n"'
    assert found["mlci_requests_total", labels + ',code="200"'] == 7
    assert found["mlci_requests_total", labels + ',code="500"'] == 3
    assert found["mlci_request_duration_seconds_bucket", labels + ',le="0.025"'] == 4
    assert found["mlci_request_duration_seconds_bucket", labels + ',le="+Inf"'] == 7
    assert found["mlci_request_duration_seconds_count", labels] == 7
    assert found["mlci_weight_percent", labels] == 5
    assert found["mlci_requests_active", labels] == 2
    assert found["mlci_log_e_value", base + ',hypothesis="harm",metric="errors"'] == -0.5
    assert found["mlci_health", base + ',health="WATCHING"'] == 1
    assert found["mlci_health", base + ',health="HEALTHY"'] == 0


def test_each_family_is_described_once(arm):
    text = exposition([view(arm), view(arm)])
    for family in ("mlci_requests_total", "mlci_request_duration_seconds"):
        assert text.count(f"# TYPE {family} ") == 1
    assert exposition([]) == ""
