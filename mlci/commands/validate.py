"""``mlci validate``: every problem of every document, then one line that sums up."""

import click

from mlci.commands.options import Options, example, global_options
from mlci.errors import BadInput, MlciError


@click.command(
    name="validate",
    epilog=example("mlci validate", "mlci validate --changed-since origin/main releases"),
)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--changed-since",
    metavar="REV",
    help="Check only what changed from REV to HEAD, as HEAD has it.",
)
@global_options
def command(options: Options, paths: tuple[str, ...], changed_since: str | None) -> int:
    """Check manifests, policies, evaluation sets and the project file, without opening a model.

    PATHs are files and folders in the repository; without any, all documents are checked. They
    are held against the project file, the policies and the evaluation sets beside them.
    """
    from mlci.flow.validate import position, validate_changes, validate_tree

    if changed_since is None:
        result = validate_tree(options.repository, paths)
    else:
        result = validate_changes(options.repository, changed_since, paths)

    def error(problem: MlciError) -> dict[str, object]:
        path, line, column = position(problem.place)
        return {
            "path": path,
            "line": line,
            "column": column,
            "found": problem.found,
            "expected": problem.expected,
            "next": problem.next_step,
        }

    summary = f"{_count(result.files, 'file')}, {_count(len(result.problems), 'error')}"
    options.show(
        "\n".join([*map(str, result.problems), summary]),
        {"files": result.files, "errors": [error(each) for each in result.problems]},
    )
    return BadInput.exit_code if result.problems else 0


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
