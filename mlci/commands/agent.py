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
@click.option("--metrics-port", type=int, help="Serve /metrics on this port, and what Argo asks.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address that --metrics-port is on; where Argo asks, one that the cluster reaches.",
)
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
    host: str,
    once: bool,
) -> int:
    """Reconcile the protected ref to what runs: gate, deliver, watch, take back.

    On one machine, model servers and Envoy outlive the agent; SIGTERM or Ctrl-C stops everything
    in order, drained. Where Argo delivers, the agent answers its analyses and follows its Rollouts
    (KUBECONFIG, or the service account of its pod); SIGTERM ends the agent alone.
    """
    from mlci.flow.agent import run_agent
    from mlci.plugins import apart

    apart.stay()

    return run_agent(
        options.open(),
        environment,
        base=base,
        state=state,
        poll=poll,
        interval=interval,
        metrics_port=metrics_port,
        host=host,
        once=once,
        say=options.say,
    )
