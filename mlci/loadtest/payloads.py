"""Rows of the evaluation data as bodies of inference requests."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mlci.errors import Broken
from mlci.serving.session import Tensor

ROWS = 200
# A sample needs no look at the whole of a large file.
_ROW_GROUPS = 8


class Asked(Protocol):
    """A model, as far as its requests are concerned."""

    @property
    def inputs(self) -> Sequence[Tensor]: ...


def payloads(
    model: Asked, stacked: Mapping[str, Sequence[str]], data: Path, *, seed: int
) -> tuple[bytes, ...]:
    """Up to ``ROWS`` bodies of one row each, from rows of ``data`` chosen by ``seed``: of a file,
    or of a folder's ``.parquet`` files in their order by name.

    ``stacked`` maps a graph input to the columns that make its one row; an input that it doesn't
    name carries the name of its column. Rows with missing values are left out: JSON can't say
    them. Two models get the same rows as long as they read the same columns. Raises Broken.
    """
    columns = {
        tensor.name: tuple(stacked.get(tensor.name, (tensor.name,))) for tensor in model.inputs
    }
    rows = _sample(data, sorted({name for names in columns.values() for name in names}), seed)
    if not rows:
        raise Broken(
            place=str(data), found="no row without missing values", expected="rows to send"
        )
    return tuple(_body(model.inputs, columns, row, data) for row in rows)


def _sample(data: Path, columns: list[str], seed: int) -> list[dict[str, Any]]:
    random = np.random.default_rng(seed)
    paths = sorted(data.rglob("*.parquet")) if data.is_dir() else [data]
    every = [(path, group) for path in paths for group in range(_row_groups(path, columns))]
    if not every:
        raise Broken(place=str(data), found="no rows", expected="rows to send")
    groups = np.sort(random.permutation(len(every))[:_ROW_GROUPS])
    read = [_read(path, group, columns) for path, group in (every[at] for at in groups.tolist())]
    table = _joined(read, data)
    order = random.permutation(table.num_rows)
    chosen: list[dict[str, Any]] = []
    for start in range(0, table.num_rows, ROWS):
        rows = table.take(order[start : start + ROWS]).to_pylist()
        chosen += [row for row in rows if _sayable(row)]
        if len(chosen) >= ROWS:
            break
    return chosen[:ROWS]


def _row_groups(path: Path, columns: Sequence[str]) -> int:
    with _reading(path), pq.ParquetFile(path) as file:
        missing = [name for name in columns if name not in file.schema_arrow.names]
        if missing:
            raise Broken(
                place=str(path),
                found=f"no column {missing[0]!r}",
                expected="a column for each input of the model",
                next_step="name the columns of each input in model.inputs",
            )
        return int(file.num_row_groups)


def _read(path: Path, group: int, columns: Sequence[str]) -> pa.Table:
    with _reading(path), pq.ParquetFile(path) as file:
        return file.read_row_group(group, columns=list(columns))


def _joined(tables: Sequence[pa.Table], data: Path) -> pa.Table:
    """Files may hold the same text in dictionaries of their own."""
    try:
        return pa.concat_tables(tables).unify_dictionaries()
    except pa.ArrowException:
        raise Broken(
            place=str(data),
            found="files with columns of other types",
            expected="files of one schema",
            next_step="write all files with one schema",
        ) from None


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise Broken(
            place=str(path), found=f"not readable: {error}", expected="a Parquet file"
        ) from None


def _sayable(row: Mapping[str, Any]) -> bool:
    return all(value is not None and value == value for value in row.values())


def _body(
    inputs: Sequence[Tensor],
    columns: Mapping[str, Sequence[str]],
    row: Mapping[str, Any],
    data: Path,
) -> bytes:
    tensors = []
    for tensor in inputs:
        values = [_cast(row[name], tensor, name, data) for name in columns[tensor.name]]
        shape = [1, len(values)] if len(tensor.shape) != 1 else [1]
        tensors.append(
            {"name": tensor.name, "datatype": tensor.datatype, "shape": shape, "data": values}
        )
    return json.dumps({"inputs": tensors}, allow_nan=False).encode()


def _cast(value: Any, tensor: Tensor, column: str, data: Path) -> Any:
    try:
        if tensor.datatype == "BYTES":
            return value if isinstance(value, str) else str(value)
        if tensor.datatype == "BOOL":
            return bool(value)
        return float(value) if tensor.datatype.startswith("FP") else int(value)
    except (TypeError, ValueError, OverflowError):
        raise Broken(
            place=str(data),
            found=f"{value!r} in column {column!r}",
            expected=f"{tensor.datatype} values for the input {tensor.name!r}",
            next_step="name the columns of each input in model.inputs",
        ) from None
