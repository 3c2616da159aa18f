"""``mlci admitted``: what a pod waits for before anything of its release starts."""

from pathlib import Path

import click

from mlci.commands.options import Options, global_options


@click.command(
    "admitted", epilog="Example: mlci admitted --template 2c21… --admissions /mlci/admissions"
)
@click.option(
    "--template", metavar="HEX", required=True, help="The digest of the pod template, 64 digits."
)
@click.option(
    "--admissions",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="The folder in which the agent leaves its answers.",
)
@click.option(
    "--patience",
    type=click.FloatRange(min=0),
    default=600.0,
    show_default=True,
    help="Seconds to wait.",
)
@global_options
def command(*, options: Options, template: str, admissions: Path, patience: float) -> int:
    """Wait until the agent has admitted the release of this pod.

    Exits with 0 once it is admitted, with 1 if it REGRESSED, with 3 after --patience.
    """
    import re

    from mlci.flow.admitted import wait_for_admission

    if not re.fullmatch(r"[0-9a-f]{64}", template):
        raise click.BadParameter("64 lower-case hexadecimal digits", param_hint="--template")
    answer = wait_for_admission(admissions, template, patience, options.say)
    options.show(str(answer), {"outcome": answer})
    return 0 if answer.admits else 1
