"""Rows of the evaluation data as bodies of inference requests."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mlci.errors import Broken
from mlci.serving.session import OnnxModel, Tensor

ROWS = 200
# A sample needs no look at the whole of a large file.
_ROW_GROUPS = 8


def payloads(
    model: OnnxModel, stacked: Mapping[str, Sequence[str]], data: Path, *, seed: int
) -> tuple[bytes, ...]:
    """Up to ``ROWS`` bodies of one row each, from rows of ``data`` chosen by ``seed``.

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
    try:
        with pq.ParquetFile(data) as file:
            missing = [name for name in columns if name not in file.schema_arrow.names]
            if missing:
                raise Broken(
                    place=str(data),
                    found=f"no column {missing[0]!r}",
                    expected="a column for each input of the model",
                    next_step="name the columns of each input in model.inputs",
                )
            groups = np.sort(random.permutation(file.num_row_groups)[:_ROW_GROUPS])
            table = file.read_row_groups(groups.tolist(), columns=columns)
    except (OSError, pa.ArrowException) as error:
        raise Broken(
            place=str(data), found=f"not readable: {error}", expected="a Parquet file"
        ) from None
    order = random.permutation(table.num_rows)
    chosen: list[dict[str, Any]] = []
    for start in range(0, table.num_rows, ROWS):
        rows = table.take(order[start : start + ROWS]).to_pylist()
        chosen += [row for row in rows if _sayable(row)]
        if len(chosen) >= ROWS:
            break
    return chosen[:ROWS]


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
