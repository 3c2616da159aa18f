"""Settings of the property tests, for every room."""

import os

import hypothesis

# A busy machine is slow, not wrong: no test asserts a time. Pipelines see the same examples always.
hypothesis.settings.register_profile("mlci", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("mlci")
