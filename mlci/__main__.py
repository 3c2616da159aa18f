"""``python -m mlci`` is the same as ``mlci``: no module is taken from the folder where one stands,
which may be a change that is to be judged."""

import sys

if not sys.flags.safe_path:
    del sys.path[0]

from mlci.cli import main

main()
