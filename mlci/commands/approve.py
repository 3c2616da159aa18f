"""``mlci approve RELEASE``"""

import click

from mlci.commands.options import Options, base_option, global_options


@click.command(
    epilog='Example: mlci approve releases/income/production.yaml --reason "cause was the network"'
)
@click.argument("release")
@base_option
@click.option("--reason", required=True, help="Why another try is right.")
@global_options
def command(*, options: Options, release: str, base: str | None, reason: str) -> int:
    """Say yes to one more delivery of a model that REGRESSED, or to one more gate run."""
    from mlci.flow.person import approve
    from mlci.records.delivery import to_dict

    repository = options.open()
    path = options.release(repository, release)
    record = approve(repository, path, base=base, reason=reason)
    options.show(
        f"APPROVED {record.model}/{record.environment}@{record.version} by {record.by}: "
        f"one more try (record {record.seq})",
        to_dict(record),
    )
    return 0
