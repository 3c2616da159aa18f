"""``mlci changed``"""

from pathlib import Path

import click

from mlci.commands.options import Options, base_option, example, global_options


@click.command(
    epilog=example(
        "mlci changed",
        "mlci changed --since v1.4",
        "mlci changed --child-pipeline gates.yml --lanes 8",
    )
)
@base_option
@click.option("--since", metavar="REV", help="From this commit, not from the protected ref.")
@click.option(
    "--child-pipeline",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a GitLab pipeline with one gate job a release to FILE.",
)
@click.option("--image", default="", help="The image of its jobs.")
@click.option("--tags", default="", metavar="A,B", help="Their runners' tags.")
@click.option("--before", multiple=True, metavar="COMMAND", help="What they run first. Repeatable.")
@click.option("--record", is_flag=True, help="They record their verdicts.")
@click.option(
    "--lanes",
    type=click.IntRange(min=1),
    default=4,
    show_default=True,
    help="How many of them run at once.",
)
@global_options
def command(
    *,
    options: Options,
    base: str | None,
    since: str | None,
    child_pipeline: Path | None,
    image: str,
    tags: str,
    before: tuple[str, ...],
    record: bool,
    lanes: int,
) -> int:
    """Show the releases that a change touches: what HEAD changes since it left the protected ref.

    A shallow clone is deepened as far as needed. Exits with 2 for a change that touches rules
    (project file, policies, exams) and releases together, unless it brings the first mlci.yaml.
    """
    from mlci.flow.change import change_request, change_since

    repository = options.open()
    change = change_since(repository, since) if since else change_request(repository, base)
    if child_pipeline is not None:
        from mlci.flow.files import write_whole
        from mlci.reports.child_pipeline import JobForm, render

        form = JobForm(
            image=image,
            tags=tuple(filter(None, tags.split(","))),
            before=before,
            base=base or "",
            record=record,
            lanes=lanes,
        )
        write_whole(child_pipeline, render(change.to_gate, form).encode())
        options.say(f"wrote {child_pipeline}")
    rows = [
        {
            "path": each.path,
            "model": each.model,
            "environment": each.environment,
            "kind": str(each.kind),
        }
        for each in change.releases
    ]
    lines = [f"{row['kind']:<9} {row['path']}" for row in rows] or ["no release is changed"]
    options.show(
        "\n".join(lines),
        {
            "since": change.since or None,
            "until": change.until,
            "releases": rows,
            "rules": list(change.rules),
        },
    )
    return 0
