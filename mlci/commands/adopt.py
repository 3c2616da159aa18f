"""``mlci adopt RELEASE``"""

import click

from mlci.commands.options import Options, base_option, example, global_options


@click.command(
    epilog=example('mlci adopt releases/income/production.yaml --reason "in service since May"')
)
@click.argument("release")
@base_option
@click.option("--reason", required=True, help="Why this release may be the champion ungated.")
@global_options
def command(*, options: Options, release: str, base: str | None, reason: str) -> int:
    """Take responsibility for RELEASE, which already ran before mlci: it becomes the champion.

    The release is read at the protected ref's tip. Exits with 4 when there is a champion.
    """
    from mlci.flow.person import adopt
    from mlci.records.delivery import to_dict

    repository = options.open()
    path = options.release(repository, release)
    record = adopt(repository, path, base=base, reason=reason)
    options.show(
        f"ADOPTED {record.model}/{record.environment}@{record.version} by {record.by}: "
        f"the champion from now on (record {record.seq})",
        to_dict(record),
    )
    return 0
