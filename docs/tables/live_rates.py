"""How often tests that are looked at again and again are wrong at any of their looks."""

import math
from collections.abc import Callable, Iterator

import numpy as np
from row import Row
from scipy.special import stdtrit

from mlci.statistics.rate_ratio import RateRatio
from mlci.statistics.ratio_looks import judge_ratio, looks
from mlci.statistics.sequential import log_e_fail, log_e_pass

CONFIDENCE = 0.95


def one_sample(runs: int = 2_000, requests: int = 20_000) -> Iterator[Row]:
    """The true share of events sits on the objective; a look after every request."""
    random = np.random.default_rng(17)
    threshold = math.log(1 / (1 - CONFIDENCE))
    for theta in (0.05, 0.005):
        passed = failed = 0
        for _ in range(runs):
            events = np.cumsum(random.random(requests) < theta)
            # Between events the evidence moves one way only: look just before and at each of them.
            at = np.flatnonzero(np.diff(events, prepend=0))
            looks_at = np.unique(np.concatenate([at, np.maximum(at - 1, 0), [requests - 1]]))
            counts = [(int(events[k]), int(k + 1 - events[k])) for k in looks_at]
            passed += any(log_e_pass(*count, theta) >= threshold for count in counts)
            failed += any(log_e_fail(*count, theta) >= threshold for count in counts)
        for what, count in (("ever shown below", passed), ("ever shown above", failed)):
            yield Row(
                what=f"e-process: {what} its true value",
                setting=f"objective {theta:.1%}, {requests} looks",
                rate=count / runs,
                runs=runs,
                promised=0.05,
            )


SCATTER = "no change, but canary's rate scatters by minute (CV 0.5)"

Traffic = Callable[[float], tuple[int, int, float]]


def _steady(requests: int, share: float, base: float) -> Traffic:
    return lambda _: (round(requests * share), round(requests * (1 - share)), base)


def _ramp(done: float) -> tuple[int, int, float]:
    """Canary 5 -> 50 % of 3000 requests a scrape, while the error rate drifts 0.2 -> 1.5 %."""
    share = 0.05 if done < 0.33 else 0.25 if done < 0.66 else 0.5
    return round(3000 * share), round(3000 * (1 - share)), 0.002 + 0.013 * done


def canary(runs: int = 1_000, scrapes: int = 120) -> Iterator[Row]:
    """A canary over 120 scrapes of 15 s, a look at each: harm 1.1, tolerated 1.5."""
    threshold = math.log(1 / (1 - CONFIDENCE))
    steady, busy = _steady(3000, 0.1, 0.005), _steady(3000, 0.5, 0.02)
    for name, traffic, before, after, most_aborts, most_passes in (
        ("no change, canary 10 %", steady, 1.0, 1.0, 0.05, None),
        (f"{SCATTER}, canary 10 %", steady, 1.0, 1.0, None, None),
        (f"{SCATTER}, canary 50 %, errors 2 %", busy, 1.0, 1.0, None, None),
        ("no change, 5 -> 50 %, errors drift 0.2 -> 1.5 %", _ramp, 1.0, 1.0, 0.05, None),
        ("errors x 1.1 (at harm), 5 -> 50 %, drift", _ramp, 1.1, 1.1, 0.05, None),
        ("errors x 1.5 (at tolerated), 5 -> 50 %, drift", _ramp, 1.5, 1.5, None, 0.05),
        ("errors x 1.5 (at tolerated), canary 10 %", steady, 1.5, 1.5, None, 0.05),
        ("errors x 2, canary 10 %", steady, 2.0, 2.0, None, None),
        ("errors x 2 from half-time on, canary 10 %", steady, 1.0, 2.0, None, None),
    ):
        random = np.random.default_rng(18)
        aborted, promoted = [], []
        for _ in range(runs):
            state = RateRatio.start(harm=1.1, tolerated=1.5)
            abort = promote = None
            minute = 1.0
            for scrape in range(scrapes):
                if SCATTER in name and scrape % 4 == 0:
                    minute = random.gamma(4.0, 0.25)
                n_canary, n_stable, base = traffic(scrape / scrapes)
                ratio = minute * (before if scrape < scrapes / 2 else after)
                events = random.binomial([n_canary, n_stable], [base * ratio, base])
                state = state.update(int(events[0]), int(events[1]), n_canary, n_stable)
                if abort is None and state.log_e_harm() >= threshold:
                    abort = scrape
                if promote is None and state.log_e_safe() >= threshold:
                    promote = scrape
                if abort is not None and promote is not None:
                    break
            aborted += [abort] if abort is not None else []
            promoted += [promote] if promote is not None else []
        for what, when, promised in (
            ("ever shown harmful", aborted, most_aborts),
            ("ever shown safe", promoted, most_passes),
        ):
            minutes = f"; median {(np.median(when) + 1) / 4:.1f} min" if when else ""
            yield Row(
                what=what,
                setting=name + minutes,
                rate=len(when) / runs,
                runs=runs,
                promised=promised,
            )


def ratio_looks(runs: int = 20_000) -> Iterator[Row]:
    """Paired log ratios with spread 0.136, maximum ratio 1.10, looks at 4 .. 40 pairs."""
    random = np.random.default_rng(19)
    preset = looks(40)
    for ratio, passes, fails in ((1.1, 0.05, None), (1.0, None, 0.05), (1.3, 0.05, None)):
        decisions = {"pass": 0, "fail": 0, "continue": 0}
        naive = 0
        for _ in range(runs):
            values = random.normal(math.log(ratio), 0.136, 40)
            decisions[judge_ratio(values, 1.1, CONFIDENCE, preset).decision] += 1
            naive += _naive(values)
        for what, count, most in (
            ("preset looks: pass", decisions["pass"], passes),
            ("preset looks: fail", decisions["fail"], fails),
            ("t-test after every pair: pass", naive, None),
        ):
            setting = f"true ratio {ratio}"
            yield Row(what=what, setting=setting, rate=count / runs, runs=runs, promised=most)


def _naive(values: np.ndarray) -> bool:
    """A one-sided t-test after every pair, from the fourth to the last."""
    n = np.arange(1, values.size + 1)
    mean = np.cumsum(values) / n
    square = np.cumsum(values**2) - n * mean**2
    spread = np.sqrt(square[3:] / (n[3:] - 1) / n[3:])
    return bool(np.any(mean[3:] + stdtrit(n[3:] - 1.0, CONFIDENCE) * spread < math.log(1.1)))
