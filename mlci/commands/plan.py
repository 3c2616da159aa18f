"""``mlci plan RELEASE``"""

import click

from mlci.commands.options import Options, base_option, example, global_options


@click.command(epilog=example("mlci plan releases/income/production.yaml"))
@click.argument("release")
@base_option
@global_options
def command(*, options: Options, release: str, base: str | None) -> int:
    """Show what a gate and a delivery of RELEASE would do, without doing it.

    Champion, policies with commit and digest, each judgement with its rows and the smallest effect
    that it could show, steps and minutes. Warns where a budget can't decide. Opens no model.

    Exits with 0, or with 2 for documents that can't be used, 3 where nothing would be judged, 5 for
    an exam that can't be read.
    """
    from mlci.flow.plan import plan
    from mlci.reports.plan import render

    repository = options.open()
    path = options.release(repository, release)
    forecast = plan(repository, path, base=base, say=options.say)
    options.show(render(forecast, width=options.width), forecast)
    return 0
