"""``mlci revert RELEASE``"""

import click

from mlci.commands.options import Options, base_option, example, global_options


@click.command(epilog=example("mlci revert releases/income/production.yaml --push"))
@click.argument("release")
@base_option
@click.option("--reason", default="taken back by a person", show_default=True, help="Why.")
@click.option("--push", is_flag=True, help="Push the commit; without it, it is only made.")
@global_options
def command(*, options: Options, release: str, base: str | None, reason: str, push: bool) -> int:
    """Take RELEASE back: restore its paths to the last HEALTHY delivery, by one commit.

    The same code as the agent's. Exits with 4 when the tip already asks for something else.
    """
    from mlci.flow.take_back import take_back_by_person

    repository = options.open()
    path = options.release(repository, release)
    result = take_back_by_person(repository, path, base=base, reason=reason, push=push)
    options.show(result.message, {"kind": result.kind, "commit": result.commit, "ref": result.ref})
    return 4 if result.kind == "superseded" else 0
