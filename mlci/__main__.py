"""``python -m mlci`` is the same as ``mlci``."""

from mlci.cli import main

main()
