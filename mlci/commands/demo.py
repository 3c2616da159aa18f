"""``mlci demo``"""

from pathlib import Path

import click

from mlci.commands.options import Options, global_options


@click.command(epilog="Example: mlci demo --keep")
@click.option("--keep", is_flag=True, help="Leave the folder with repository and reports behind.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Work here instead of a temporary folder; must be empty or not exist.",
)
@global_options
def command(*, options: Options, keep: bool, folder: Path | None) -> int:
    """The whole story on one machine: four releases of an income model on real census data.

    A champion goes live; a better model replaces it by canary; an unfair one is refused before the
    merge; and one that fails only on live requests is taken back by a commit. Needs nothing but
    this installation; takes up to four minutes.
    """
    from mlci.flow.demo.story import demo

    return demo(folder=folder, keep=keep, say=options.say, show=options.show)
