"""What is raised where a sample has no bounds that could be relied on."""


class NoBounds(ValueError):
    """The metric may have a value, but nothing holds about how far off it is; says why."""
