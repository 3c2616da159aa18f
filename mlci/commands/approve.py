"""``mlci approve RELEASE``"""

import click

from mlci.commands.options import Options, base_option, example, global_options


@click.command(
    epilog=example('mlci approve releases/income/production.yaml --reason "the network was down"')
)
@click.argument("release")
@base_option
@click.option("--reason", required=True, help="Why another try is right.")
@global_options
def command(*, options: Options, release: str, base: str | None, reason: str) -> int:
    """Say yes to one more delivery of a model that REGRESSED, or to one more gate run.

    RELEASE is read where you stand. What stands against it is put aside by name: the REGRESSED
    delivery of its model, else the recorded verdict on it. Exits with 2 when nothing waits.
    """
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
