"""What ships for the demo is what it says it is, byte by byte and figure by figure."""

import hashlib
from pathlib import Path

import numpy as np
import onnxruntime
import pyarrow as pa
import pytest
from fairlearn.metrics import MetricFrame, selection_rate, true_positive_rate
from sklearn.metrics import accuracy_score, roc_auc_score

from mlci.demo import PORT_TOKEN, assets, manifest
from mlci.manifest.parse import parse
from mlci.manifest.together import check_together

VERSIONS = ("1.0.0", "1.1.0", "1.2.0", "1.3.0")
README = Path(__file__).parents[2] / "examples" / "adult" / "README.md"
DOCUMENTS = ("mlci.yaml", "policies/production.yaml", "evaluations/adult-2026.yaml")


def digest(path: Path) -> str:
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def missing(table: pa.Table) -> np.ndarray:
    return np.array(["?" in row.values() for row in table.to_pylist()])


@pytest.mark.parametrize("version", VERSIONS)
def test_a_manifest_names_its_model_by_the_right_digest(root: Path, version: str) -> None:
    release = parse("releases/income/production.yaml", manifest(version).read_bytes())
    assert release.version == version
    assert release.model.digest == digest(root / release.model.uri)


def test_the_exam_is_named_by_the_right_digest(root: Path) -> None:
    path = "evaluations/adult-2026.yaml"
    exam = parse(path, (root / "templates" / path).read_bytes())
    assert exam.digest == digest(root / exam.uri)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_documents_fit_each_other(root: Path, version: str) -> None:
    documents = [parse(path, (root / "templates" / path).read_bytes()) for path in DOCUMENTS]
    release = parse("releases/income/production.yaml", manifest(version).read_bytes())
    assert check_together([*documents, release]) == []


def test_the_port_is_the_one_thing_to_fill_in(root: Path) -> None:
    assert (root / "templates" / "mlci.yaml").read_text().count(PORT_TOKEN) == 1


def test_everything_that_ships_is_small(root: Path) -> None:
    models = list((root / "models").iterdir())
    assert {path.name for path in models} == {f"income-{version}.onnx" for version in VERSIONS}
    assert max(path.stat().st_size for path in models) < 300_000
    assert sum(path.stat().st_size for path in [*models, *(root / "data").iterdir()]) < 1_500_000


def test_the_licence_names_the_authors_and_the_terms() -> None:
    text = assets().joinpath("LICENSE-adult.md").read_text()
    for part in ("Becker", "Kohavi", "https://doi.org/10.24432/C5XW20", "CC BY 4.0", "changed"):
        assert part in text


def test_the_exam_has_labels_and_no_missing_answer(exam: pa.Table) -> None:
    assert exam.num_rows == 15_060
    assert not missing(exam).any()
    assert exam["income"].to_pylist().count(">50K") == 3_700
    assert set(exam["income"].to_pylist()) == {"<=50K", ">50K"}


def test_live_requests_have_missing_answers_and_no_label(exam: pa.Table, live: pa.Table) -> None:
    assert live.num_rows == 3_257
    assert missing(live).sum() == 228
    assert live.column_names == exam.drop_columns("income").column_names


@pytest.mark.parametrize("version", VERSIONS)
def test_a_graph_input_is_a_column_and_never_a_sensitive_one(sessions, exam, version) -> None:
    for each in sessions[version].get_inputs():
        text = pa.types.is_dictionary(exam.schema.field(each.name).type)
        assert each.type == ("tensor(string)" if text else "tensor(float)")
        assert each.shape == [None, 1]
        assert each.name not in {"sex", "race", "income"}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_readme_tells_the_figures_that_scikit_learn_and_fairlearn_find(
    sessions, exam, feeds, version
) -> None:
    label, probabilities = sessions[version].run(None, feeds(sessions[version], exam))
    truth = np.array(exam["income"].to_pylist()) == ">50K"
    answer = label == ">50K"
    by_sex = MetricFrame(
        metrics={"selected": selection_rate, "recognised": true_positive_rate},
        y_true=truth,
        y_pred=answer,
        sensitive_features=exam["sex"].to_pylist(),
    ).by_group
    figures = (
        accuracy_score(truth, answer),
        roc_auc_score(truth, probabilities[:, 1]),
        *by_sex["selected"][["Female", "Male"]],
        *by_sex["recognised"][["Female", "Male"]],
    )
    row = f"| {version} | " + " | ".join(f"{figure:.4f}" for figure in figures) + " |"
    assert row in README.read_text(encoding="utf-8")


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0", "1.2.0"])
def test_a_missing_answer_is_no_trouble(sessions, live, feeds, version) -> None:
    label, _ = sessions[version].run(None, feeds(sessions[version], live))
    assert set(label) == {"<=50K", ">50K"}


def test_1_3_0_fails_on_exactly_the_requests_with_a_missing_answer(sessions, live, feeds) -> None:
    session = sessions["1.3.0"]
    rows = feeds(session, live)
    for index, incomplete in enumerate(missing(live)):
        row = {name: value[[index]] for name, value in rows.items()}
        if incomplete:
            with pytest.raises(onnxruntime.capi.onnxruntime_pybind11_state.Fail, match="Unknown"):
                session.run(None, row)
        else:
            session.run(None, row)
