"""Measurements as files: written whole, read back by name of their classes alone, merged."""
