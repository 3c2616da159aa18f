"""Journeys measure time and fill the machine: one worker runs them, one after the other, first."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    journeys = [item for item in items if item.get_closest_marker("journey")]
    for item in journeys:
        item.add_marker(pytest.mark.xdist_group("machine"))
    chosen = set(journeys)
    items[:] = [*journeys, *(item for item in items if item not in chosen)]
