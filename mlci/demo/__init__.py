"""What `mlci demo` plays with: real data, real models and the documents around them.

README.md in this folder lists the files and says how each was made.
"""

from importlib.resources import files
from importlib.resources.abc import Traversable

# The one value that a copy of templates/mlci.yaml has to change: where the engine listens.
PORT_TOKEN = "port: 8080"  # noqa: S105 (a place to fill in, not a secret)


def assets() -> Traversable:
    """This folder as it is installed: ``data``, ``models`` and ``templates``."""
    return files(__name__)


def manifest(version: str) -> Traversable:
    """The declaration of ``version`` of the model ``income``, to be committed as
    ``releases/income/production.yaml``."""
    return assets().joinpath("templates", "releases", "income", f"production-{version}.yaml")
