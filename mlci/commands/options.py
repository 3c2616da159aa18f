"""The global options, understood by every verb, and how a verb speaks."""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

import click

if TYPE_CHECKING:
    from mlci.gitops.repository import Repository

Verb = TypeVar("Verb", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Options:
    """Results go to stdout in ``format``; progress and logs to stderr unless ``quiet``."""

    format: str
    quiet: bool
    repository: Path

    @property
    def colour(self) -> bool:
        """Colour only for a terminal, and never against NO_COLOR."""
        return sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    @property
    def width(self) -> int:
        """Columns of the terminal; 120 where there is none, so that logs stay readable."""
        if not sys.stdout.isatty():
            return 120
        import shutil

        return shutil.get_terminal_size((120, 24)).columns

    def open(self) -> "Repository":
        """The repository, with git imported only now."""
        from mlci.gitops.repository import Repository

        return Repository.open(self.repository)

    def release(self, repository: "Repository", given: str) -> str:
        """The path from the root of the manifest that a person names from where they stand."""
        from mlci.flow.where import manifest_path

        return manifest_path(repository, self.repository, given)

    def say(self, text: str) -> None:
        """Progress: on stderr, so that it never mixes with a result."""
        if not self.quiet:
            tell(text, err=True)

    def show(self, text: str, data: Mapping[str, Any]) -> None:
        """The result: as text for people, or as one JSON document for machines."""
        if self.format == "json":
            tell(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))
        elif text:
            tell(text, colour=self.colour)


def tell(text: str, *, err: bool = False, colour: bool | None = None) -> None:
    """Prints a line. A reader that has gone stops no work and changes no exit code."""
    try:
        click.echo(text, err=err, color=colour)
    except BrokenPipeError:
        stream = sys.stderr if err else sys.stdout
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def example(*commands: str) -> str:
    """The end of a verb's help: commands to copy, each on a line of its own."""
    return "\n".join(["\b", "Example:", *(f"  {each}" for each in commands)])


base_option = click.option(
    "--base",
    metavar="REV",
    help="Where project, policies and exams are read.  [default: the remote's default branch]",
)
at_option = click.option(
    "--at", metavar="REV", help="Judge the release of this revision, not the work tree."
)
out_option = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where verdict.json goes.  [default: .mlci/out]",
)
record_option = click.option(
    "--record", is_flag=True, help="Also write the verdict to the records branch."
)


@overload
def global_options(verb: Verb) -> Verb: ...


@overload
def global_options(*, formats: Sequence[str]) -> Callable[[Verb], Verb]: ...


def global_options(
    verb: Callable[..., Any] | None = None, *, formats: Sequence[str] = ("text", "json")
) -> Any:
    """Adds ``--format``, ``--quiet`` and ``--repository``, and passes them as ``options``."""
    if verb is None:
        return lambda verb: _with_options(verb, formats)
    return _with_options(verb, formats)


def _with_options(verb: Callable[..., Any], formats: Sequence[str]) -> Callable[..., Any]:
    def gather(*, format: str, quiet: bool, repository: Path, **rest: Any) -> Any:  # noqa: A002
        return verb(options=Options(format=format, quiet=quiet, repository=repository), **rest)

    gather.__doc__ = verb.__doc__
    gather.__name__ = verb.__name__
    gather.__click_params__ = getattr(verb, "__click_params__", [])  # type: ignore[attr-defined]
    for option in (
        click.option(
            "--repository",
            type=click.Path(file_okay=False, path_type=Path),
            default=Path(),
            show_default="where you stand",
            help="The repository to work in.",
        ),
        click.option("--quiet", "-q", is_flag=True, help="No progress on stderr."),
        click.option(
            "--format",
            type=click.Choice(formats),
            default="text",
            show_default=True,
            help="How the result is printed on stdout.",
        ),
    ):
        gather = option(gather)
    return gather
