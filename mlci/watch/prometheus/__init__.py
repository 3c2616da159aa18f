"""Counts of live traffic from the raw samples of a Prometheus."""
