"""Files that are either the old or the new, never half of one."""

import os
from pathlib import Path


def replace(path: Path, text: str) -> bool:
    """Writes by rename in the same folder, which Envoy's watch needs too; False: unchanged."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    return True
