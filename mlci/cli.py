"""The command line: finds the verb's module, runs it, turns errors into exit codes."""

import importlib
import os
import signal
import sys
from types import FrameType
from typing import Any

import click

from mlci import __version__
from mlci.errors import MlciError
from mlci.plugins import apart

# verb -> one line of help. Modules are imported only when their verb runs, so that
# `mlci --help` costs no more than click itself.
VERBS = {
    "admitted": "Wait in a pod until the agent has admitted its release.",
    "adopt": "Take responsibility for what already ran before mlci.",
    "agent": "Reconcile the protected ref to this machine: deliver, watch, take back.",
    "approve": "A person's yes: to a rerun of a gate, or to a model that REGRESSED.",
    "bring": "Fetch a model and verify its digest before it is there.",
    "changed": "Show the releases that a change touches, and write their gate jobs.",
    "demo": "The whole story on one machine, in a temporary folder.",
    "gate": "Measure a release and judge it under the policies.",
    "judge": "Judge a release on parts that were measured elsewhere.",
    "measure": "Measure one shard of one gate of a release, for `mlci judge`.",
    "plan": "Show what a gate and a delivery would do, and what they can detect.",
    "render": "Render what the cluster is to run, or check that it is rendered.",
    "report": "Show a verdict in another form: JUnit, Markdown, HTML, …",
    "revert": "Take a release back by a commit, as the agent would.",
    "schema": "Print the JSON Schemas of all documents.",
    "serve": "Serve one model by the Open Inference Protocol V2 over HTTP.",
    "status": "Show what runs where, since which commit, under which verdict.",
    "validate": "Check manifests, policies, evaluation sets and the project file.",
}

# Global option -> the words that it takes with its value.
GLOBAL = {"--format": 2, "--quiet": 1, "-q": 1, "--repository": 2}


class Verbs(click.Group):
    """Loads ``mlci.commands.<verb>`` on use; lists verbs without loading any."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"mlci.commands.{cmd_name}")
        command: click.Command = module.command
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Global options before the verb are the verb's own: what stands after it wins."""
        at = 0
        while at < len(args) and args[at].partition("=")[0] in GLOBAL:
            at += 1 if "=" in args[at] else GLOBAL[args[at]]
        if 0 < at < len(args) and args[at] in VERBS:
            args = [args[at], *args[:at], *args[at + 1 :]]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], VERBS, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; one of {', '.join(VERBS)}"
            ctx.fail(f"no such command {args[0]!r}{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(VERBS.items()))


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 PASS or done, 1 FAIL or REGRESSED, 2 bad usage or input, 3 undecided, "
    "4 conflict with a newer change, 5 ERROR, 70 a bug of mlci, 130 interrupted.",
)
@click.version_option(__version__, prog_name="mlci")
def cli() -> None:
    """Releases of machine-learning models, governed by Git.

    --format, --quiet and --repository may stand before the verb or after it.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run one verb and leave with the exit code of the contract."""
    signal.signal(signal.SIGTERM, _as_ctrl_c)
    pipe = apart.begin()
    code = run(arguments)
    if pipe is not None:
        apart.answer(pipe, code)
    sys.exit(code)


def _as_ctrl_c(_signal: int, _frame: FrameType | None) -> None:
    """SIGTERM ends a verb as Ctrl-C does: what it started is stopped on the way out."""
    raise KeyboardInterrupt


def run(arguments: list[str] | None = None) -> int:
    """Run one verb in this process; the exit code of the contract."""
    try:
        result: Any = _verb(arguments)
    except MlciError as error:
        for line in str(error).splitlines():
            _complain(f"{_red('error')}: {line}")
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except (KeyboardInterrupt, click.Abort):
        _complain("interrupted")
        return 130
    except Exception as error:  # the last boundary: a bug is reported as one, whatever it is
        return _report_bug(error)
    return result if isinstance(result, int) else 0


def _verb(arguments: list[str] | None) -> Any:
    try:
        return cli.main(args=arguments, prog_name="mlci", standalone_mode=False)
    except apart.Apart as met:
        return apart.again(met.plugin)


def _complain(text: str) -> None:
    from mlci.commands.options import tell

    tell(text, err=True)


def _red(text: str) -> str:
    """Never against NO_COLOR; where stderr is no terminal, click leaves colours out itself."""
    return text if os.environ.get("NO_COLOR") else click.style(text, fg="red")


def _report_bug(error: Exception) -> int:
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile(
        "w", prefix="mlci-bug-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        traceback.print_exception(error, file=file)
    _complain(
        f"bug in mlci {__version__}: {type(error).__name__}: {error}; expected: never this; "
        f"please report it with {file.name}"
    )
    return 70
