"""How objects in a cluster are marked and named, for those that make them and those that follow."""

MANAGED_BY = "app.kubernetes.io/managed-by"
MODEL = "mlci.dev/model"
ENVIRONMENT = "mlci.dev/environment"
HASH = "rollouts-pod-template-hash"  # the label by which Argo Rollouts tells two releases apart


def ours(environment: str, model: str) -> dict[str, str]:
    """The labels of what belongs to a model."""
    return {MANAGED_BY: "mlci", ENVIRONMENT: environment, MODEL: model}


def admissions(model: str) -> str:
    """The ConfigMap in which the agent leaves what is admitted: a key a pod template."""
    return f"{model}-admissions"
