"""Journeys measure time and fill the machine: one worker runs them, one after the other, first."""

import os

import hypothesis
import pytest

# A busy machine is slow, not wrong: no test asserts a time. Pipelines see the same examples always.
hypothesis.settings.register_profile("mlci", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("mlci")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    journeys = [item for item in items if item.get_closest_marker("journey")]
    for item in journeys:
        item.add_marker(pytest.mark.xdist_group("machine"))
    chosen = set(journeys)
    items[:] = [*journeys, *(item for item in items if item not in chosen)]
