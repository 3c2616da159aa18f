"""``mlci revert RELEASE``"""

from typing import TYPE_CHECKING

import click

from mlci.commands.options import Options, base_option, example, global_options, tell

if TYPE_CHECKING:
    from mlci.gitops.repository import Repository


@click.command(
    epilog=example(
        "mlci revert releases/income/production.yaml --push",
        "mlci revert --since v1.4 --regressed --push",
    )
)
@click.argument("release", required=False)
@click.option("--since", metavar="REV", help="All releases merged since this commit, instead.")
@click.option("--regressed", is_flag=True, help="Of these only what REGRESSED or was refused.")
@base_option
@click.option("--reason", default="taken back by a person", show_default=True, help="Why.")
@click.option("--push", is_flag=True, help="Push the commit; without it, it is only made.")
@global_options
def command(
    *,
    options: Options,
    release: str | None,
    since: str | None,
    regressed: bool,
    base: str | None,
    reason: str,
    push: bool,
) -> int:
    """Take RELEASE back: restore its paths to the last HEALTHY delivery, by one commit.

    The same code as the agent's. Exits with 4 when the tip already asks for something else.
    """
    if (release is None) == (since is None) or (regressed and since is None):
        raise click.UsageError("name one RELEASE, or --since REV (which --regressed narrows)")
    repository = options.open()
    if since is not None:
        return _since(options, repository, since, regressed, base, reason, push)
    from mlci.flow.take_back import take_back_by_person

    path = options.release(repository, release or "")
    result = take_back_by_person(repository, path, base=base, reason=reason, push=push)
    options.show(result.message, {"kind": result.kind, "commit": result.commit, "ref": result.ref})
    return 4 if result.kind == "superseded" else 0


def _since(
    options: Options,
    repository: "Repository",
    since: str,
    regressed: bool,
    base: str | None,
    reason: str,
    push: bool,
) -> int:
    from mlci.errors import MlciError
    from mlci.flow.rollback import roll_back

    lines, rows, code = [], [], 0
    for path, result in roll_back(
        repository, since, regressed=regressed, base=base, reason=reason, push=push
    ):
        if isinstance(result, MlciError):
            tell(f"error: {result}", err=True)
            code = code or result.exit_code
            continue
        lines.append(f"{path}: {result.message}")
        rows.append({"path": path, "kind": result.kind, "commit": result.commit, "ref": result.ref})
        code = code or (4 if result.kind == "superseded" else 0)
    options.show("\n".join(lines) or "nothing to take back", {"reversals": rows})
    return code
