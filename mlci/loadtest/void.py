"""When a block says more about the generator than about the model, and is not counted."""

from mlci.loadtest.block import Block

_LAG_SHARE = 0.10
# Lag below this can't be told from the scheduling of any machine; both arms share it.
_LAG_FLOOR = 0.005
_SENT_SHARE = 0.98
_CPU_SHARE = 0.90


def lag_limit(objective: float | None, reference: float | None) -> float:
    """How late the generator may be (seconds, at its 99th percentile).

    10 % of the smallest latency ``objective``. Where only ratios are asked for: 10 % of the
    champion's latency while warming up (``reference``), but no less than 5 ms.
    """
    if objective is not None:
        return _LAG_SHARE * objective
    return max(_LAG_SHARE * (reference or 0.0), _LAG_FLOOR)


def void(block: Block, limit: float) -> str:
    """Why the block is void, or "" for one that counts."""
    if block.sent < _SENT_SHARE * block.scheduled or block.sent == 0:
        return f"only {block.sent} of {block.scheduled} scheduled requests were sent"
    if not block.lag_p99 <= limit:
        late, most = f"{block.lag_p99 * 1e3:.1f} ms", f"{limit * 1e3:.1f} ms"
        return f"the generator was {late} late (p99); {most} allowed"
    if not block.cpu <= _CPU_SHARE:
        return f"the generator used {block.cpu:.0%} of a processor; {_CPU_SHARE:.0%} allowed"
    return ""
