"""Tables count every row once, in the dense and in the sparse way, and their sums are marginals."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlci.errors import Broken
from mlci.evaluation import tables
from mlci.evaluation.tables import tabulate
from mlci.records.examination import Answers, Examination, Groups


def examination(rows, sizes, seed, champion=True):
    rng = np.random.default_rng(seed)

    def answers():
        return Answers(label=rng.random(rows) < 0.4, score=None)

    return Examination(
        truth=rng.random(rows) < 0.3,
        candidate=answers(),
        champion=answers() if champion else None,
        groups={
            f"c{at}": Groups(
                codes=rng.integers(0, size, rows).astype(np.int32),
                levels=tuple(f"l{level}" for level in range(size)),
            )
            for at, size in enumerate(sizes)
        },
    )


def naive(found, columns):
    counts = {}
    champion = found.champion.label if found.champion else np.zeros(found.rows, bool)
    for row in range(found.rows):
        name = " & ".join(
            found.groups[column].levels[found.groups[column].codes[row]] for column in columns
        )
        cell = counts.setdefault(name or "all", np.zeros((2, 2, 2), int))
        cell[int(found.truth[row]), int(found.candidate.label[row]), int(champion[row])] += 1
    return counts


def same(table, expected):
    assert set(table.names) == set(expected)
    for name, counts in zip(table.names, table.counts, strict=True):
        np.testing.assert_array_equal(counts, expected[name])


@settings(deadline=None, max_examples=60)
@given(
    rows=st.integers(1, 60),
    sizes=st.lists(st.integers(1, 4), max_size=3),
    seed=st.integers(0, 1000),
    champion=st.booleans(),
    cells=st.sampled_from([1, 1 << 20]),
    chunk=st.sampled_from([7, 65_536]),
)
def test_counts_and_marginals_equal_a_count_row_by_row(rows, sizes, seed, champion, cells, chunk):
    found = examination(rows, sizes, seed, champion)
    columns = tuple(found.groups)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "DENSE_CELLS", cells if sizes else 1 << 20)
        patch.setattr(tables, "CHUNK", chunk)
        table = tabulate(found, columns)
    same(table, naive(found, columns))
    for wanted in [(), columns[:1], columns[1:], columns[::-1]]:
        same(table.by(wanted), naive(found, wanted))


def part(found, rows):
    return Examination(
        truth=found.truth[:rows],
        candidate=Answers(label=found.candidate.label[:rows], score=None),
        champion=None,
        groups={
            name: Groups(codes=each.codes[:rows], levels=each.levels)
            for name, each in found.groups.items()
        },
    )


def test_tables_of_shards_add_up_to_the_table_of_the_whole():
    found = examination(100, (3,), 1)

    def part(rows):
        return Examination(
            truth=found.truth[rows],
            candidate=Answers(label=found.candidate.label[rows], score=None),
            champion=Answers(label=found.champion.label[rows], score=None),
            groups={"c0": Groups(codes=found.groups["c0"].codes[rows], levels=("l0", "l1", "l2"))},
        )

    whole = tabulate(found, ["c0"])
    first, second = (tabulate(part(rows), ["c0"]) for rows in (slice(0, 37), slice(37, None)))
    np.testing.assert_array_equal(whole.counts, first.counts + second.counts)


def test_groups_without_rows_are_not_listed():
    found = examination(5, (2, 900), 2)
    table = tabulate(found, ["c0", "c1"])
    assert len(table.names) <= 5
    assert all(table.counts.sum(axis=(1, 2, 3)))


def test_intersections_of_too_many_groups():
    rows = 2500
    levels = tuple(f"{at:02}" for at in range(50))
    truth = np.zeros(rows, bool)
    found = Examination(
        truth=truth,
        candidate=Answers(label=truth, score=None),
        champion=None,
        groups={
            name: Groups(codes=codes.astype(np.int32), levels=levels)
            for name, codes in zip(
                "ab", np.array(list(product(range(50), range(50)))).T, strict=True
            )
        },
    )
    table = tabulate(found, ["a", "b"])
    assert len(table.by(["a"]).names) == 50
    assert len(tabulate(part(found, 1000), ["a", "b"]).by(["a", "b"]).names) == 1000
    with pytest.raises(Broken, match="columns a and b: 2500 groups; expected at most 1000"):
        table.by(["a", "b"])
