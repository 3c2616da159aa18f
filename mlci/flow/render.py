"""Rendering where you stand: what a change asks for and its objects are one change, so that both
are read from the work tree, the project file with them. Offline; nothing but files.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from mlci.errors import BadInput, Invalid, MlciError
from mlci.flow.documents import REGULAR, Tree
from mlci.flow.rendered import Difference, compare, write
from mlci.manifest.asked import asked_by
from mlci.manifest.document import PROJECT_PATH, kind_of
from mlci.manifest.engines import EnvironmentPlace, check_engine
from mlci.manifest.problems import one_of, show
from mlci.manifest.project import parse_project
from mlci.manifest.release import parse_release
from mlci.records.project import Project
from mlci.records.release import Release
from mlci.render.application import SETTINGS
from mlci.render.bundle import bundle, release_objects
from mlci.render.environment import settings

_DEPLOY = "deploy"


def render(
    root: Path, releases: Sequence[str], environments: Sequence[str], *, check: bool
) -> tuple[int, tuple[Difference, ...]]:
    """How many files there are to be, and what was not as it is to be; written unless ``check``.

    ``releases`` are paths of manifests, ``environments`` names whose settings are meant. With
    neither, every release that Argo is to deliver, and the settings of environments that have some.

    Raises Invalid with every problem of every document, before anything is written, and BadInput
    for an environment that Argo doesn't deliver to.
    """
    tree = Tree(root)
    project = parse_project(PROJECT_PATH, _read(tree, PROJECT_PATH))
    everything = not releases and not environments
    known = _releases(tree)
    wanted = list(releases) if not everything else [*_by_argo(known, project)]
    expected = _bundles(tree, project, wanted)
    for name in environments if not everything else _settled(root, project):
        expected |= _settings(project, name, known)
    found = compare(root, expected)
    if everything:
        found += _left(root, project, expected)
    if not check:
        write(root, expected)
    return len(expected), tuple(sorted(found, key=lambda each: each.path))


def rendering_problems(contents: Mapping[str, bytes], project: bytes) -> Iterator[MlciError]:
    """What is wrong with what releases that are right by themselves would be rendered to."""
    try:
        environments = parse_project(PROJECT_PATH, project).environments
    except Invalid:
        return
    argos = {each.name: each.argo for each in environments if each.argo is not None}
    for path, content in contents.items():
        name = path.split("/")[-1].removesuffix(".yaml")
        argo = argos.get(name)
        if argo is None:
            continue
        try:
            release = parse_release(path, content)
            addressed = argo.judge == "agent" or argo.counts is not None
            if release.serving.image and argo.image and addressed:
                release_objects(release, argo)
        except Invalid as invalid:
            yield from invalid.problems


def _bundles(tree: Tree, project: Project, paths: Iterable[str]) -> dict[str, bytes]:
    """Path -> content."""
    result: dict[str, bytes] = {}
    problems: list[MlciError] = []
    for path in paths:
        try:
            result |= _bundle(parse_release(path, _read(tree, path)), project)
        except Invalid as invalid:
            problems.extend(invalid.problems)
        except BadInput as error:
            problems.append(error)
    if problems:
        raise Invalid(tuple({str(each): each for each in problems}.values()))
    return result


def _bundle(release: Release, project: Project) -> dict[str, bytes]:
    environment = project.environment(release.environment)
    argo = environment.argo if environment else None
    if environment is None or argo is None:
        raise BadInput(
            place=release.source.at("metadata", "environment"),
            found=f"environment {show(release.environment)}",
            expected=_argo_environments(project),
        )
    place = EnvironmentPlace(
        source=project.source,
        keys=("spec", "environments", project.environments.index(environment)),
        engine=environment.engine,
    )
    wrong = tuple(check_engine(release.source, release.name, asked_by(release), place))
    if wrong:
        raise Invalid(wrong)
    return bundle(release, argo)


def _settings(project: Project, name: str, known: Iterable[str]) -> dict[str, bytes]:
    environment = project.environment(name)
    if environment is None or environment.argo is None:
        raise BadInput(
            place=name, found="no such environment", expected=_argo_environments(project)
        )
    models = sorted(path.split("/")[1] for path in known if path.endswith(f"/{name}.yaml"))
    return settings(project, environment, models)


def _argo_environments(project: Project) -> str:
    names = [each.name for each in project.environments if each.argo]
    return f"an environment that Argo delivers to: {one_of(names) if names else 'there is none'}"


def _releases(tree: Tree) -> list[str]:
    return sorted(
        path
        for path, entry in tree.entries().items()
        if entry == REGULAR and kind_of(path) == "ModelRelease"
    )


def _by_argo(paths: Iterable[str], project: Project) -> Iterator[str]:
    names = {f"{each.name}.yaml" for each in project.environments if each.argo}
    return (path for path in paths if path.rsplit("/", 1)[-1] in names)


def _settled(root: Path, project: Project) -> list[str]:
    return [
        each.name
        for each in project.environments
        if each.argo and (root / _DEPLOY / each.name / SETTINGS).is_dir()
    ]


def _left(root: Path, project: Project, expected: Iterable[str]) -> Iterator[Difference]:
    """Bundles of releases that are no more."""
    asked = {"/".join(path.split("/")[:3]) for path in expected}
    for environment in project.environments:
        folder = root / _DEPLOY / environment.name
        if environment.argo is None or not folder.is_dir():
            continue
        for each in folder.iterdir():
            path = f"{_DEPLOY}/{environment.name}/{each.name}"
            if each.is_dir() and path not in asked and not each.name.startswith("_"):
                yield Difference(path=path, kind="superfluous")


def _read(tree: Tree, path: str) -> bytes:
    try:
        return tree.read([path])[path]
    except BadInput as error:
        found = error.found
        raise BadInput(place=path, found=found, expected="a file that can be read") from error
