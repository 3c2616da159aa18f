"""``mlci plan RELEASE``"""

import click

from mlci.commands.options import Options, base_option, global_options


@click.command(epilog="Example: mlci plan releases/income/production.yaml")
@click.argument("release")
@base_option
@global_options
def command(*, options: Options, release: str, base: str | None) -> int:
    """Show what a gate and a delivery of RELEASE would do, without doing it.

    Champion, policies with commit and digest, each judgement with its rows and the smallest effect
    that it could show, steps and minutes. Warns where a budget can't decide. Opens no model.
    """
    from mlci.flow.plan import plan
    from mlci.reports.plan import render

    repository = options.open()
    path = options.release(repository, release)
    forecast = plan(repository, path, base=base, say=options.say)
    options.show(render(forecast, width=options.width), forecast)
    return 0
