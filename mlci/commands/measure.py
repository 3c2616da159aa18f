"""``mlci measure RELEASE``"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlci.commands.options import Options, base_option, example, global_options

if TYPE_CHECKING:
    from mlci.records.shard import Shard


def _shard(_context: click.Context, _parameter: click.Parameter, value: str) -> "Shard":
    from mlci.records.shard import read_shard

    try:
        return read_shard(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command(
    epilog=example(
        "mlci measure releases/income/production.yaml --gate data --shard 1/1",
        "mlci measure releases/income/production.yaml --policy production \\\n"
        "      --gate accuracy/roc_auc --shard 2/8 --out parts/roc_auc-2.npz",
    )
)
@click.argument("release")
@click.option(
    "--gate",
    required=True,
    metavar="NAME",
    help="The gate's name, or NAME/METRIC where a policy has several of that name.",
)
@click.option("--policy", metavar="POLICY", help="Whose gate, where several policies have it.")
@click.option(
    "--shard",
    required=True,
    metavar="I/N",
    callback=_shard,
    help="The I-th of N shards of the exam's rows; 1/1 is all of them.",
)
@base_option
@click.option("--at", metavar="REV", help="Measure the release of this revision.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the part goes.  [default: a file of its own in .mlci/parts]",
)
@global_options
def command(
    *,
    options: Options,
    release: str,
    gate: str,
    policy: str | None,
    shard: "Shard",
    base: str | None,
    at: str | None,
    out: Path | None,
) -> int:
    """Measure one shard of one gate of RELEASE: the first half of a gate, for `mlci judge`.

    All shards 1/N to N/N, measured anywhere and in any order, make what one run measures. Rows of
    one cluster are always in one shard. Exits with 0 when the part holds a measurement, 5 when it
    holds why there is none; else as `mlci gate` does.
    """
    from mlci.flow.halves import measure_part

    repository = options.open()
    made = measure_part(
        repository,
        options.release(repository, release),
        gate=gate,
        policy=policy,
        shard=shard,
        base=base,
        at=at,
        out=out,
        say=options.say,
    )
    said = f"ERROR: {made.failed}\n{made.path}" if made.failed else str(made.path)
    options.show(said, made.to_json())
    return made.exit_code
