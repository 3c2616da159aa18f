"""Where what belongs to a release stands in the repository."""


def release_path(name: str, environment: str) -> str:
    return f"releases/{name}/{environment}.yaml"


def bundle_path(name: str, environment: str) -> str:
    return f"deploy/{environment}/{name}"
