"""``mlci judge RELEASE PART…``"""

from pathlib import Path

import click

from mlci.commands.options import (
    Options,
    at_option,
    base_option,
    example,
    global_options,
    out_option,
    record_option,
)


@click.command(
    epilog=example(
        "mlci judge releases/income/production.yaml .mlci/parts/*.npz",
        "mlci judge releases/income/production.yaml parts/*.npz --at origin/main --record",
    )
)
@click.argument("release")
@click.argument("parts", nargs=-1, metavar="PART…", type=click.Path(path_type=Path))
@base_option
@at_option
@out_option
@record_option
@global_options
def command(
    *,
    options: Options,
    release: str,
    parts: tuple[Path, ...],
    base: str | None,
    at: str | None,
    out: Path | None,
    record: bool,
) -> int:
    """Judge RELEASE on the PARTs that `mlci measure` wrote: the second half of a gate.

    They must be of this release, exam and champion under the policies of the protected ref. A
    gate's missing shard is an ERROR of its judgements; a part of something else is refused.
    Whoever can write parts decides the verdict: --record belongs where only trusted jobs can.
    Exits as `mlci gate` does.
    """
    from mlci.flow.gate import gate
    from mlci.reports.json import to_json
    from mlci.reports.text import render

    repository = options.open()
    path = options.release(repository, release)
    gated = gate(
        repository, path, base=base, at=at, out=out, record=record, say=options.say, parts=parts
    )
    verdict = to_json(gated.verdict)
    text = render(verdict, options.width, colour=options.colour, recorded=record)
    options.show(text, verdict)
    return gated.exit_code
