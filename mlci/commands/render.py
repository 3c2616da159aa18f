"""``mlci render``: what the cluster is to run, written beside what asks for it."""

import click

from mlci.commands.options import Options, example, global_options


@click.command(
    "render",
    epilog=example(
        "mlci render releases/income/production.yaml",
        "mlci render --environment production",
        "mlci render --check",
    ),
)
@click.argument("releases", nargs=-1, metavar="[RELEASE]...")
@click.option(
    "--environment",
    "environments",
    metavar="E",
    multiple=True,
    help="The settings of an environment: for Argo CD, and the agent.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 where anything differs.")
@global_options
def command(
    *, options: Options, releases: tuple[str, ...], environments: tuple[str, ...], check: bool
) -> int:
    """Render releases to deploy/<environment>/<model>/, for environments that Argo delivers to.

    Without any RELEASE and --environment, all releases. Project file and releases are read where
    you stand. The same text gives the same bytes.
    """
    from mlci.flow.render import render
    from mlci.flow.rendered_before import unknown

    repository = options.open()
    root = repository.root or options.repository
    paths = [options.release(repository, each) for each in releases]
    count, found = render(root, paths, environments, check=check)
    if check:
        found = unknown(repository, found)
    lines = [f"{each.path}: {each.kind if check else _DONE[each.kind]}" for each in found]
    files = "1 file" if count == 1 else f"{count} files"
    summary = f"{files}, {len(found)} {'not as rendered' if check else 'changed'}"
    options.show(
        "\n".join([*lines, summary]),
        {"files": count, "differences": [{"path": e.path, "kind": e.kind} for e in found]},
    )
    return 1 if check and found else 0


_DONE = {"missing": "written", "differs": "written anew", "superfluous": "not rendered any more"}
