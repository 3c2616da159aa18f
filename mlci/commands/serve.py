"""``mlci serve MODEL``: one model by the Open Inference Protocol V2."""

import json
import re
from pathlib import Path

import click

from mlci.commands.options import Options, example, global_options


def _printable(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """Name and version stand in paths and headers."""
    if value and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}", value):
        raise click.BadParameter(f"{value!r}; expected letters, digits and . _ + -")
    return value


@click.command("serve", epilog=example("mlci serve models/income-1.5.0.onnx --port 8080"))
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--name", callback=_printable, default="", help="Model name  [default: the file's]")
@click.option(
    "--version", callback=_printable, default="1", show_default=True, help="Says who answered."
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0: any free one."
)
@click.option(
    "--threads", type=click.IntRange(1), default=1, show_default=True, help="For one inference."
)
@click.option(
    "--stop-with-stdin", is_flag=True, help="Stop when standard input ends: outlive no parent."
)
@global_options
def command(
    *,
    options: Options,
    model: Path,
    name: str,
    version: str,
    host: str,
    port: int,
    threads: int,
    stop_with_stdin: bool,
) -> int:
    """Serve the ONNX file MODEL by the Open Inference Protocol V2 over HTTP.

    One line of JSON on stdout says the port once requests are answered. SIGTERM drains and ends
    with 0.
    """
    from mlci.serving.server import serve, stop_with_input

    path = model if model.is_absolute() else options.repository / model
    if stop_with_stdin:
        stop_with_input()

    def ready(bound: int) -> None:
        address = f"[{host}]" if ":" in host else host
        click.echo(json.dumps({"port": bound, "url": f"http://{address}:{bound}"}))

    serve(
        path,
        name=name or model.stem,
        version=version,
        host=host,
        port=port,
        threads=threads,
        ready=ready,
    )
    return 0
