"""``mlci bring URI``: a model to where it is served, verified before anybody can load it."""

from pathlib import Path

import click

from mlci.commands.options import Options, example, global_options


@click.command(
    "bring",
    epilog=example("mlci bring s3://models/income.onnx --digest sha256:0f3a… --to /mlci/model/m"),
)
@click.argument("uri")
@click.option("--digest", metavar="SHA256", required=True, help="sha256: and 64 digits.")
@click.option(
    "--to",
    "target",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="Where it goes; there whole and verified, or not at all.",
)
@global_options
def command(*, options: Options, uri: str, digest: str, target: Path) -> int:
    """Fetch the file at URI and verify its digest.

    Exits with 5 where it can't be had or isn't the one named.
    """
    import re

    from mlci.flow.artifacts import bring, is_relative

    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise click.BadParameter(
            "sha256: and 64 lower-case hexadecimal digits", param_hint="--digest"
        )
    if is_relative(uri):
        raise click.BadParameter("a URI such as https://, s3:// or file://", param_hint="URI")
    bring(uri, digest, target)
    options.show(f"{target}: {digest}", {"path": str(target), "digest": digest})
    return 0
