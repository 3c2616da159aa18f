"""Policies that name plug-ins: their keys are checked like built-in ones, at line and column."""

from pathlib import Path

import pytest

from mlci.errors import Broken
from mlci.flow.validate import validate_tree

EXAMPLES = Path(__file__).parents[2] / "examples"
KAPPA = (EXAMPLES / "plugin-kappa/mlci_kappa.py").read_text(encoding="utf-8")
CHURN = (EXAMPLES / "plugin-churn/mlci_churn.py").read_text(encoding="utf-8")
POLICY = """\
apiVersion: mlci.dev/v1
kind: GatePolicy
metadata: {name: own}
spec:
  appliesTo: {environments: [staging]}
  gates:
"""


@pytest.fixture
def told(base, bring):
    """The problems of a policy of these gates, where both example packages are installed."""
    bring("d-kappa", "mlci.metrics", KAPPA, cohen_kappa=":cohen_kappa")
    bring("d-churn", "mlci.gates", CHURN, churn="")

    def check(*gates):
        text = POLICY + "".join(f"    - {each}\n" for each in gates)
        (base / "policies/own.yaml").write_text(text, encoding="utf-8")
        return [str(each) for each in validate_tree(base, ["policies/own.yaml"]).problems]

    return check


def test_plug_ins_are_as_good_as_built_in(told):
    assert (
        told(
            "{gate: accuracy, metric: cohen_kappa, minimum: 0.4, champion: {margin: 0.1}}",
            "{gate: accuracy, metric: cohen_kappa, name: by-sex, minimum: 0.3, slices: [sex]}",
            "{gate: fairness, metric: cohen_kappa, by: [sex], maximumDifference: 0.2}",
            "{gate: churn, maximum: 0.1, confidence: 0.9, required: false, name: changed}",
            "{gate: accuracy, metric: accuracy, minimum: 0.7}",
        )
        == []
    )


@pytest.mark.parametrize(
    ("gate", "problem"),
    [
        (
            "{gate: accuracy, metric: cohen_kapa, minimum: 0.4}",
            "7:24: 'cohen_kapa'; expected one of 'accuracy'",
        ),
        ("{gate: accuracy, metric: cohen_kappa, maximum: 0.4}", "7:45: a maximum of cohen_kappa"),
        ("{gate: accuracy, metric: cohen_kappa, minimum: 1.4}", "7:45: 1.4; expected -1 or more"),
        ("{gate: accuracy, metric: cohen_kappa}", "7:7: a gate without a limit"),
        (
            "{gate: accuracy, metric: cohen_kappa, minimum: 0.4, class: a}",
            "7:59: a class, and cohen_kappa is of all classes",
        ),
        (
            "{gate: fairness, metric: cohen_kappa, by: [sex], minimumRatio: 0.8}",
            "7:56: minimumRatio of cohen_kappa, which a package brings",
        ),
        (
            "{gate: fairness, metric: cohen_kappa, by: [sex], maximumDifference: 0.1,"
            " champion: {margin: 0.1}}",
            "7:80: champion of cohen_kappa, which a package brings",
        ),
        ("{gate: churm, maximum: 0.1}", "7:8: 'churm'; expected one of 'accuracy'"),
        ("{gate: churn, maximum: 1.5}", "7:21: 1.5; expected less than 1"),
        ("{gate: churn, maximun: 0.5}", "7:7: no key 'maximum'"),
        ("{gate: churn, maximum: 0.5, slices: [sex]}", "7:35: unknown key 'slices'"),
        ("{gate: churn, maximum: 0.5, confidence: 2}", "7:35: 2; expected a confidence above"),
    ],
)
def test_what_is_wrong_has_its_place(told, gate, problem):
    first, *_ = told(gate)
    assert first.startswith(f"policies/own.yaml:{problem}"), first


def test_an_unknown_name_says_that_a_package_may_be_missing(told):
    (metric,) = told("{gate: accuracy, metric: cohen_kapa, minimum: 0.4}")
    assert metric.endswith("or install the package that brings it (entry point mlci.metrics)")
    (gate,) = told("{gate: chrn, maximum: 0.4}")
    assert gate.endswith("or install the package that brings it (entry point mlci.gates)")
    (there,) = told("{gate: fairness, metric: roc_auc, by: [sex], maximumDifference: 0.1}")
    assert "install" not in there


def test_a_plug_in_that_can_not_be_imported_is_an_error_of_its_own(told, bring):
    bring("d-own", "mlci.gates", "import nowhere", own="")
    with pytest.raises(Broken, match=r"policies/own\.yaml:7:8: gate 'own' of d-own 1\.0: "):
        told("{gate: own}")


def test_a_metric_is_of_some_tasks(told, base):
    release = base / "releases/income/production.yaml"
    text = release.read_text(encoding="utf-8")
    release.write_text(text.replace("binary-classification", "regression"), encoding="utf-8")
    told("{gate: accuracy, metric: cohen_kappa, minimum: 0.4}")
    own = base / "policies/own.yaml"
    own.write_text(own.read_text(encoding="utf-8").replace("staging", "production"), "utf-8")
    wrong = [str(each) for each in validate_tree(base, []).problems]
    found = "policies/own.yaml:7:24: 'cohen_kappa', which doesn't fit the regression"
    assert any(each.startswith(found) for each in wrong), wrong
