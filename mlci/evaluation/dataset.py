"""Parquet, one file or a folder of them, read in batches: memory depends on the batch alone."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mlci.errors import Broken
from mlci.evaluation.naming import nearest

BATCH_ROWS = 32_768
CODED_ROWS = 1 << 20  # a few columns of codes, not a model's features

Column = Any  # a pyarrow.Array
Stretch = tuple[int, Any, NDArray[np.bool_] | None]


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Some of a dataset's rows: from number ``first`` up to ``last``, of these those that
    ``chosen`` bool [last - first] says, None: all."""

    first: int
    last: int
    chosen: NDArray[np.bool_] | None = field(default=None, repr=False)

    @property
    def rows(self) -> int:
        if self.chosen is None:
            return self.last - self.first
        return int(np.count_nonzero(self.chosen))

    def of(self, values: NDArray[Any]) -> NDArray[Any]:
        """The selected rows' of values [n] of all rows."""
        own = values[self.first : self.last]
        return own if self.chosen is None else own[self.chosen]

    def number(self, at: int) -> int:
        """Which row of the data the ``at``-th selected one is."""
        return self.first + (at if self.chosen is None else int(np.flatnonzero(self.chosen)[at]))

    def within(self, first: int, last: int) -> tuple[int, int, NDArray[np.bool_] | None] | None:
        """What lies between two rows: its ends, and which of it is chosen; None for nothing."""
        low, high = max(first, self.first), min(last, self.last)
        if low >= high:
            return None
        if self.chosen is None:
            return low, high, None
        chosen = self.chosen[low - self.first : high - self.first]
        return (low, high, chosen) if chosen.any() else None


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of rows; ``first`` is its first one's number in the data. ``columns`` are of all
    its rows, of which ``chosen`` bool [rows] are selected (None: all)."""

    first: int
    columns: dict[str, Column]
    chosen: NDArray[np.bool_] | None

    @property
    def taken(self) -> dict[str, Column]:
        """The columns of the selected rows."""
        if self.chosen is None:
            return self.columns
        mask = pa.array(self.chosen)
        return {name: column.filter(mask) for name, column in self.columns.items()}


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Open evaluation files of one schema, their rows one after the other; ``place`` is how people
    call it in messages. With a ``selection`` only its rows are read."""

    files: tuple[pq.ParquetFile, ...]
    paths: tuple[Path, ...]
    place: str
    selection: Selection | None = None

    @property
    def rows(self) -> int:
        return self.stored_rows if self.selection is None else self.selection.rows

    @property
    def stored_rows(self) -> int:
        """Whatever is selected."""
        return sum(int(file.metadata.num_rows) for file in self.files)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.files[0].schema_arrow.names)

    def type_of(self, column: str) -> pa.DataType:
        """The column's Arrow type, a dictionary's being that of its values."""
        kind: Any = self.files[0].schema_arrow.field(column).type
        value: pa.DataType = kind.value_type if pa.types.is_dictionary(kind) else kind
        return value

    def require(self, column: str, use: str) -> None:
        """Raises Broken unless ``column`` is there; ``use`` says who asks for it."""
        if column not in self.columns:
            raise Broken(
                place=self.place,
                found=f"no column {column!r}",
                expected=f"{use} ({nearest(column, self.columns)})",
                next_step="name a column of the data, or add it to the data",
            )

    def batches(self, columns: Sequence[str]) -> Iterator[dict[str, Column]]:
        """The columns of each batch by name, in the order of the rows; dictionaries decoded."""
        for piece in self.pieces(columns):
            yield piece.taken

    def pieces(self, columns: Sequence[str]) -> Iterator[Piece]:
        """The same with the rows' numbers, for what depends on these."""
        for first, batch, chosen in self._stretches(self.files, columns, BATCH_ROWS):
            decoded = {name: _decoded(batch.column(name)) for name in columns}
            yield Piece(first=first, columns=decoded, chosen=chosen)

    def coded(self, columns: Sequence[str]) -> Iterator[dict[str, Column]]:
        """As ``batches`` in larger ones, text kept as the dictionaries that the files hold."""
        text = [name for name in columns if _is_binary_like(self.type_of(name))]
        for first, batch, chosen in self._stretches(self._opened(text), columns, CODED_ROWS):
            held = {name: batch.column(name) for name in columns}
            yield Piece(first=first, columns=held, chosen=chosen).taken

    def _opened(self, text: list[str]) -> Iterator[pq.ParquetFile]:
        for path in self.paths:
            with pq.ParquetFile(path, read_dictionary=text) as file:
                yield file

    def _stretches(
        self, files: Iterable[pq.ParquetFile], columns: Sequence[str], rows: int
    ) -> Iterator[Stretch]:
        """Row groups without a selected row aren't read."""
        start = 0
        for file in files:
            for groups, begin in _runs(file, start, self.selection):
                at = begin
                for batch in self._read(file, columns, rows, groups):
                    yield from _cut(at, batch, self.selection)
                    at += batch.num_rows
            start += int(file.metadata.num_rows)

    def _read(
        self, file: pq.ParquetFile, columns: Sequence[str], rows: int, groups: list[int] | None
    ) -> Iterator[Any]:
        try:
            yield from file.iter_batches(batch_size=rows, row_groups=groups, columns=list(columns))
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(self.place, error) from None


def _runs(
    file: pq.ParquetFile, start: int, selection: Selection | None
) -> Iterator[tuple[list[int] | None, int]]:
    """Row groups that hold selected rows, neighbours together, and their first row's number."""
    if selection is None:
        yield None, start
        return
    run: list[int] = []
    begin = start
    for group in range(file.metadata.num_row_groups):
        rows = int(file.metadata.row_group(group).num_rows)
        if selection.within(start, start + rows) is not None:
            begin = begin if run else start
            run.append(group)
        elif run:
            yield run, begin
            run = []
        start += rows
    if run:
        yield run, begin


def _cut(at: int, batch: Any, selection: Selection | None) -> Iterator[Stretch]:
    if selection is None:
        yield at, batch, None
    elif (found := selection.within(at, at + batch.num_rows)) is not None:
        first, last, chosen = found
        yield first, batch.slice(first - at, last - first), chosen


@contextmanager
def open_dataset(path: Path, place: str) -> Iterator[Dataset]:
    """``path`` is a file, or a folder whose ``.parquet`` files are read in their order by name.

    Raises Broken when a file is missing, cut short or no Parquet, when files of a folder differ in
    their columns, and where there are no rows.
    """
    paths = tuple(sorted(path.rglob("*.parquet"))) if path.is_dir() else (path,)
    with ExitStack() as stack:
        files = tuple(stack.enter_context(_open(each, place)) for each in paths)
        if not files:
            raise _without(place, "a folder without a .parquet file")
        dataset = Dataset(files=files, paths=paths, place=place)
        _check(dataset)
        yield dataset


def _open(path: Path, place: str) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except FileNotFoundError:
        raise Broken(
            place=place,
            found="no such file",
            expected="the Parquet file of the evaluation set",
            next_step="put the file where the evaluation set's uri says",
        ) from None
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(place, error) from None


def _check(dataset: Dataset) -> None:
    if dataset.rows == 0:
        raise _without(dataset.place, "no rows")
    first = dataset.files[0].schema_arrow
    for path, file in zip(dataset.paths[1:], dataset.files[1:], strict=True):
        if not file.schema_arrow.equals(first):
            raise Broken(
                place=f"{dataset.place}: {path.name}",
                found="other columns, or columns of other types",
                expected=f"those of {dataset.paths[0].name}",
                next_step="write all files with one schema",
            )
    twice = sorted({name for name in dataset.columns if dataset.columns.count(name) > 1})
    if twice:
        raise Broken(
            place=dataset.place,
            found=f"more than one column named {twice[0]!r}",
            expected="a name for each column",
            next_step="rename one of them",
        )


def _decoded(column: Column) -> Column:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _is_binary_like(kind: pa.DataType) -> bool:
    """What Parquet can give back as a dictionary without building one."""
    return bool(pa.types.is_string(kind) or pa.types.is_binary(kind))


def _without(place: str, found: str) -> Broken:
    return Broken(
        place=place,
        found=found,
        expected="labelled rows",
        next_step="point the evaluation set at data that has rows",
    )


def _unreadable(place: str, error: Exception) -> Broken:
    return Broken(
        place=place,
        found=f"it can't be read: {' '.join(str(error).split())[:200]}",
        expected="a whole Parquet file",
        next_step="write the file again and update its digest",
    )
