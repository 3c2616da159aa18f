"""``mlci report VERDICT``"""

from pathlib import Path

import click

from mlci.commands.options import Options, example, global_options, tell
from mlci.reports.formats import FORMATS, TEXT


@click.command(
    epilog=example(
        "mlci report .mlci/out/verdict.json --format html --output report.html",
        "mlci report verdict.json --format markdown --previous last/verdict.json",
    )
)
@click.argument("verdict", type=click.Path(path_type=Path))
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    help="Where the report goes, whole or not at all.  [default: stdout]",
)
@click.option(
    "--previous",
    metavar="VERDICT",
    type=click.Path(path_type=Path),
    help="The verdict of an earlier run: markdown then says what changed.",
)
@global_options(formats=FORMATS)
def command(*, options: Options, verdict: Path, output: Path | None, previous: Path | None) -> int:
    """Show VERDICT, the verdict.json of a gate, in another form.

    A verdict whose outcome isn't what its judgements make is refused. html needs the extra
    mlci[html]. Exits with 0 whatever the verdict says; 5 where it can't be read or written.
    """
    from mlci.flow.report import read_verdict, write_report
    from mlci.reports.formats import render

    text = render(
        options.format,
        read_verdict(verdict),
        previous=None if previous is None else read_verdict(previous),
        width=options.width if output is None else 120,
        colour=options.colour and output is None,
    )
    if output is None:
        tell(text.removesuffix("\n"), colour=options.colour if options.format == TEXT else None)
    else:
        write_report(output, text)
        options.say(f"wrote {output}")
    return 0
