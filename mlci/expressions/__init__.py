"""Conditions in CEL: the names they may use, checked when written and evaluated within limits."""
