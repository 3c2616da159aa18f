"""Where what belongs to a release stands in the repository, and what it may be called."""

import re

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
"""What a model or an environment may be called; it is equal to the path's part."""


def release_path(name: str, environment: str) -> str:
    return f"releases/{name}/{environment}.yaml"


def bundle_path(name: str, environment: str) -> str:
    return f"deploy/{environment}/{name}"
