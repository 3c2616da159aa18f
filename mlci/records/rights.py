"""What the agent may do in its namespace: rendered into its Role, and looked for at its start."""

from dataclasses import dataclass

_LOOK = ("get", "list", "watch")


@dataclass(frozen=True, kw_only=True)
class Right:
    """``verbs`` on ``resources`` (a part of one as ``resource/part``) of an API ``group``."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]


# No more than the agent's work needs.
RIGHTS = (
    # patch: a write that the controller lost is brought back by touching an annotation
    Right(group="argoproj.io", resources=("rollouts",), verbs=(*_LOOK, "patch")),
    Right(group="argoproj.io", resources=("rollouts/status",), verbs=("patch",)),
    Right(group="argoproj.io", resources=("analysisruns",), verbs=_LOOK),
    Right(group="apps", resources=("replicasets",), verbs=_LOOK),
    Right(group="", resources=("pods", "services"), verbs=_LOOK),
    # where admissions are left
    Right(group="", resources=("configmaps",), verbs=(*_LOOK, "create", "patch")),
    # its own one: by the uid a cluster is told from one that was built anew
    Right(group="", resources=("namespaces",), verbs=("get",)),
)
