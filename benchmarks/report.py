"""How a benchmark says what it found: a table for people, JSON for machines."""

import json
import os
import platform
from pathlib import Path
from typing import Any


def report(name: str, rows: list[dict[str, Any]], *, output: Path | None) -> None:
    """Prints ``rows`` as a table; writes them, and the machine, to ``output`` as JSON if given.

    The columns are the keys in the order of their first appearance; a missing value is "-".
    """
    columns = list(dict.fromkeys(key for row in rows for key in row))
    cells = [[_cell(row.get(column)) for column in columns] for row in rows]
    widths = [
        max(len(column), *(len(line[index]) for line in cells)) if cells else len(column)
        for index, column in enumerate(columns)
    ]
    print(name)
    for line in [columns, ["-" * width for width in widths], *cells]:
        print("  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True)))
    if output is not None:
        document = {"benchmark": name, "machine": _machine(), "rows": rows}
        output.write_text(json.dumps(document, indent=2, allow_nan=False) + "\n", encoding="utf-8")
        print(f"written to {output}")


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def _machine() -> dict[str, Any]:
    return {
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.platform(),
    }
