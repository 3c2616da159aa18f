"""``mlci status``"""

import click

from mlci.commands.options import Options, base_option, example, global_options


@click.command(
    epilog=example("mlci status", "mlci status --environment production --wait --timeout 1800")
)
@click.option("--environment", metavar="E", help="Only this environment.")
@base_option
@click.option("--wait", "waiting", is_flag=True, help="Until what the tip asks for is decided.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=3600.0,
    show_default=True,
    help="Seconds to wait at most; then exit code 3.",
)
@global_options
def command(
    *, options: Options, environment: str | None, base: str | None, waiting: bool, timeout: float
) -> int:
    """Show what runs where, since which commit, under which verdict.

    With --wait exits with 0 HEALTHY, 1 REGRESSED or refused, 3 HELD or time is up, 4 SUPERSEDED.
    """
    from mlci.flow import status
    from mlci.reports.status import render

    repository = options.open()
    if waiting:
        lines, code = status.wait(
            repository, base=base, environment=environment, timeout=timeout, say=options.say
        )
    else:
        lines, code = status.status(repository, base=base, environment=environment), 0
    rows = [line.to_dict() for line in lines]
    options.show(render(rows), {"releases": rows})
    return code
