"""What is done to rows, and that it depends on nothing but the row and the column."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlci.errors import Broken
from mlci.evaluation import dataset as datasets
from mlci.evaluation.dataset import open_dataset
from mlci.evaluation.perturbing import prepare
from mlci.records.perturbation import Perturbation, PerturbationKind

N = 20_000
NOISE, MISSING, SWAP = PerturbationKind


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    random = np.random.default_rng(0)
    income = random.normal(5.0, 3.0, N)
    income[::7], income[1] = np.nan, np.inf
    table = pa.table(
        {
            "income": pa.array(income, from_pandas=False),
            "small": pa.array(random.integers(100, 127, N).astype(np.int8), mask=income > 8),
            "large": 2**63 - 1 - random.integers(0, 10**6, N),
            "job": pa.array(random.choice(["a", "b", "c"], N, p=[0.7, 0.2, 0.1])),
            "flag": random.random(N) < 0.3,
            "money": pa.array(random.integers(0, 99, N)).cast(pa.decimal128(21, 2)),
            "same": np.ones(N),
            "constant": ["x"] * N,
            "id": [str(number) for number in range(N)],
            "list": [[1]] * N,
        }
    )
    path = tmp_path_factory.mktemp("data") / "rows.parquet"
    pq.write_table(table, path, row_group_size=3_000)
    return path


@pytest.fixture
def perturb(data) -> Callable:
    """Before, after and which rows differ, of all rows at once."""

    def run(kind, amount, *columns):
        change = Perturbation(kind=kind, columns=columns, amount=amount)
        with open_dataset(data, "rows") as dataset:
            perturbed, first = prepare(change, dataset), 0
            before, after, differs = [], [], []
            for batch in dataset.batches(columns):
                now, here = perturbed(batch, first)
                before.append(pa.table(batch))
                after.append(pa.table(now))
                differs.append(here)
                first += len(here)
        return pa.concat_tables(before), pa.concat_tables(after), np.concatenate(differs)

    return run


def _numbers(table, column):
    values = table[column].combine_chunks().cast(pa.float64(), safe=False)
    return values.to_numpy(zero_copy_only=False)


@pytest.mark.parametrize(("kind", "amount"), [(NOISE, 0.1), (MISSING, 0.05), (SWAP, 0.3)])
def test_batches_and_columns_beside_it_make_no_difference(monkeypatch, perturb, kind, amount):
    whole = perturb(kind, amount, "small")
    beside = perturb(kind, amount, "flag" if kind is SWAP else "income", "small")
    monkeypatch.setattr(datasets, "BATCH_ROWS", 777)
    parts = perturb(kind, amount, "small")
    expected = whole[1]["small"].to_pylist()
    assert expected != whole[0]["small"].to_pylist()
    assert parts[1]["small"].to_pylist() == beside[1]["small"].to_pylist() == expected
    assert np.array_equal(parts[2], whole[2])


def test_noise_has_the_scale_of_the_column(perturb):
    before, after, differs = perturb(NOISE, 0.1, "income", "money")
    was, now = _numbers(before, "income"), _numbers(after, "income")
    there = np.isfinite(was)
    assert np.std(now[there] - was[there]) == pytest.approx(0.1 * np.std(was[there]), rel=0.03)
    assert np.mean(now[there] - was[there]) == pytest.approx(0.0, abs=0.01)
    assert np.array_equal(now[~there], was[~there], equal_nan=True)
    assert now[there].min() >= was[there].min()
    assert now[there].max() <= was[there].max()
    money = _numbers(after, "money")
    assert (money.min(), money.max()) == (0.0, 98.0)
    edge = np.isin(_numbers(before, "money"), (0.0, 98.0))
    assert differs[~edge].all()  # money moves where income is empty
    assert (money == _numbers(before, "money"))[edge].mean() == pytest.approx(0.5, abs=0.1)
    assert after["money"].type == pa.float64()


@pytest.mark.parametrize("column", ["small", "large"])
def test_integers_stay_integers_of_their_type(perturb, column):
    before, after, differs = perturb(NOISE, 0.5, column)
    assert after[column].type == before[column].type
    assert after[column].null_count == before[column].null_count
    was, now = before[column].to_pylist(), after[column].to_pylist()
    assert [x != y for x, y in zip(was, now, strict=True)] == differs.tolist()
    assert 0.3 < differs.mean() < 1.0


def test_a_share_goes_missing_of_what_was_there(perturb):
    before, after, differs = perturb(MISSING, 0.05, "income", "job")
    gone = after["job"].combine_chunks().is_null().to_numpy(zero_copy_only=False)
    assert gone.mean() == pytest.approx(0.05, abs=0.006)
    lost = after["income"].combine_chunks().is_null().to_numpy(zero_copy_only=False)
    was_there = ~np.isnan(_numbers(before, "income"))
    assert lost[was_there].mean() == pytest.approx(0.05, abs=0.006)
    assert not lost[~was_there].any()
    assert np.array_equal(differs, gone | lost)
    assert (gone & lost).mean() == pytest.approx(0.05 * 0.05, abs=0.002)  # independent draws


def test_another_category_is_drawn_from_the_columns_own(perturb):
    before, after, differs = perturb(SWAP, 0.5, "job")
    was, now = np.array(before["job"].to_pylist()), np.array(after["job"].to_pylist())
    assert np.array_equal(was != now, differs)
    assert differs.mean() == pytest.approx(0.5, abs=0.02)
    from_a = now[differs & (was == "a")]
    assert np.mean(from_a == "b") == pytest.approx(2 / 3, abs=0.03)
    assert np.mean(now[differs & (was == "c")] == "a") == pytest.approx(7 / 9, abs=0.05)


def test_swaps_of_other_types_leave_the_empty_alone(perturb):
    before, after, differs = perturb(SWAP, 1.0, "flag", "small")
    assert np.array_equal(_numbers(after, "flag"), 1.0 - _numbers(before, "flag"))
    assert after["small"].null_count == before["small"].null_count > 0
    assert set(after["small"].to_pylist()) == set(before["small"].to_pylist())
    assert differs.all()


@pytest.mark.parametrize(
    ("kind", "column", "found"),
    [
        (NOISE, "job", "'job'.*values of type string.*numbers, for noise"),
        (NOISE, "flag", "'flag'.*values of type bool"),
        (NOISE, "same", "'same'.*one value in every row"),
        (SWAP, "constant", "'constant'.*one value in every row"),
        (SWAP, "id", "'id'.*more than 1,000 different values"),
        (SWAP, "list", "'list'.*values of type list"),
        (MISSING, "incme", "no column 'incme'.*nearest: income"),
    ],
)
def test_columns_that_cant_be_changed_so(perturb, kind, column, found):
    with pytest.raises(Broken, match=found):
        perturb(kind, 0.5, column)
