"""``mlci gate RELEASE``"""

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
        "mlci gate releases/income/production.yaml",
        "mlci gate releases/income/production.yaml --at origin/main --record",
    )
)
@click.argument("release")
@base_option
@at_option
@out_option
@click.option("--html", is_flag=True, help="Also draw report.html; needs mlci[html].")
@click.option("--no-cache", is_flag=True, help="Measure also what was measured before.")
@record_option
@global_options
def command(
    *,
    options: Options,
    release: str,
    base: str | None,
    at: str | None,
    out: Path | None,
    html: bool,
    no_cache: bool,
    record: bool,
) -> int:
    """Measure RELEASE and judge it under the policies of the protected ref.

    RELEASE is read where you stand, or at --at; with --record the verdict goes to the records
    branch, and the first PASS or FAIL there stands. What was measured before of the same models
    and data is taken from .mlci/cache, never with --record. Exits with 0 when the verdict admits,
    1 for FAIL, 2 for documents that can't be used, 3 for INCONCLUSIVE or HELD, 5 for ERROR.
    """
    from mlci.flow.gate import gate
    from mlci.reports.json import to_json
    from mlci.reports.text import render

    repository = options.open()
    path = options.release(repository, release)
    gated = gate(
        repository,
        path,
        base=base,
        at=at,
        out=out,
        record=record,
        say=options.say,
        cache=not no_cache,
        html=html,
    )
    verdict = to_json(gated.verdict)
    text = render(verdict, options.width, colour=options.colour, recorded=record)
    options.show(text, verdict)
    return gated.exit_code
