import pytest

from mlci.records.units import size, size_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0B", 0),
        ("800kB", 800e3),
        ("50MB", 50e6),
        ("1.5GB", 1.5e9),
        ("1KiB", 1024),
        ("2TiB", 2**41),
    ],
)
def test_sizes(text, expected):
    assert size(text) == expected


@pytest.mark.parametrize(
    "text", ["50", "50mb", "50 MB", "-1MB", "1KB", "1e3B", "MB", "50MBs", "٥MB"]
)
def test_what_is_no_size(text):
    with pytest.raises(ValueError, match="no size such as"):
        size(text)


@pytest.mark.parametrize(
    ("value", "text"), [(233, "233 B"), (1000, "1.0 kB"), (48.24e6, "48.2 MB"), (3e12, "3.0 TB")]
)
def test_sizes_as_people_read_them(value, text):
    assert size_text(value) == text
