"""Intervals, paired tests and sequential tests in NumPy; knows nothing of mlci.

Everywhere ``confidence`` is that of each bound by itself: a pair of bounds at 0.95 is a 90 %
two-sided interval. Counts that cannot be (negative, more successes than rows, not finite) raise
ValueError.
"""
