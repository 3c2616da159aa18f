import shutil
from pathlib import Path

import pytest

CASES = Path(__file__).parent / "cases"


@pytest.fixture
def base(tmp_path):
    """A repository's documents in which nothing is wrong."""
    shutil.copytree(CASES / "base", tmp_path, dirs_exist_ok=True)
    return tmp_path
