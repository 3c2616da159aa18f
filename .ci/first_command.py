"""The README's first command as a newcomer types it: fresh clone, empty HOME, nothing else.

Checks what the README promises: the size of the install, and the end of the demo; then that two
demos run at once.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LARGEST_MEGABYTES = 750


def first_command() -> str:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"<!-- first command -->\s*```console\n\$ (.*)\n", readme)
    if block is None:
        sys.exit("README.md has no first command")
    return block[1]


def megabytes(folder: Path) -> float:
    files = {(s.st_dev, s.st_ino): s.st_blocks * 512 for f in folder.rglob("*") if (s := f.lstat())}
    return sum(files.values()) / 1e6


def main() -> None:
    command = first_command()
    with tempfile.TemporaryDirectory(prefix="mlci-first-") as name:
        clone, home = Path(name, "mlci"), Path(name, "home")
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        environment = {**os.environ, "HOME": str(home)}
        print(f"$ {command}", flush=True)
        real = command.replace("python3", sys.executable, 1)
        subprocess.run(["bash", "-euc", real], cwd=clone, env=environment, check=True)
        size = megabytes(clone / ".venv")
        print(f"the install takes {size:.0f} MB of at most {LARGEST_MEGABYTES}", flush=True)
        if size > LARGEST_MEGABYTES:
            sys.exit("the install is larger than promised")
        print("two demos at once", flush=True)
        demo = [str(clone / ".venv/bin/mlci"), "demo", "--quiet"]
        pair = [subprocess.Popen(demo, cwd=home, env=environment) for _ in range(2)]
        codes = [each.wait() for each in pair]
        if codes != [0, 0]:
            sys.exit(f"two demos at once ended with {codes}")


main()
