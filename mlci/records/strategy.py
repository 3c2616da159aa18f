"""How a release takes over from the one before it."""

from enum import StrEnum


class Strategy(StrEnum):
    CANARY = "canary"
    BLUE_GREEN = "blueGreen"
