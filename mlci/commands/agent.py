"""``mlci agent --environment E``"""

from pathlib import Path

import click

from mlci.commands.options import Options, base_option, global_options


@click.command(epilog="Example: mlci agent --environment production --state /var/lib/mlci")
@click.option("--environment", metavar="E", required=True, help="The environment to look after.")
@base_option
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    help="Journal, models and logs of this machine.  [default: .mlci]",
)
@click.option(
    "--poll",
    type=click.FloatRange(min=0.1),
    default=5.0,
    show_default=True,
    help="Seconds between two fetches of the protected ref and the records.",
)
@click.option(
    "--interval",
    type=click.FloatRange(min=0.1),
    default=1.0,
    show_default=True,
    help="Seconds between two looks at the counters.",
)
@click.option("--metrics-port", type=int, help="Serve /metrics for Prometheus on this port.")
@click.option("--once", is_flag=True, help="Do what is to do, then leave everything running.")
@global_options
def command(
    *,
    options: Options,
    environment: str,
    base: str | None,
    state: Path | None,
    poll: float,
    interval: float,
    metrics_port: int | None,
    once: bool,
) -> int:
    """Reconcile the protected ref to processes on this machine: gate, deliver, watch, take back.

    Model servers and Envoy outlive the agent; SIGTERM or Ctrl-C stops everything in order, drained.
    """
    from mlci.flow.agent import run_agent

    return run_agent(
        options.open(),
        environment,
        base=base,
        state=state,
        poll=poll,
        interval=interval,
        metrics_port=metrics_port,
        once=once,
        say=options.say,
    )
