import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlci.errors import BadInput
from mlci.gitops import names

HOSTILE = [
    "",
    "--upload-pack=touch pwned",
    "-x",
    "a..b",
    "main:secret",
    ":/message",
    "^main",
    "a b",
    "a\nb",
    "a\0b",
    "*",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_refuses_what_is_no_single_revision(text):
    with pytest.raises(BadInput) as caught:
        names.revision(text)
    assert caught.value.next_step


@pytest.mark.parametrize("text", [*HOSTILE, "a.lock", "a/", "/a", "a//b", ".a", "a/.b", "a@{1}"])
def test_refuses_what_is_no_branch(text):
    with pytest.raises(BadInput):
        names.branch(text)


@pytest.mark.parametrize(
    "text", ["", "/etc/passwd", "../x", "a/../b", "./a", "a//b", ".git/config"]
)
def test_refuses_paths_that_leave_the_repository(text):
    with pytest.raises(BadInput):
        names.path(text)


@pytest.mark.parametrize("text", ["origin/main", "HEAD~3", "v1.2.3^{}", "main@{1}", "0" * 40])
def test_admits_ordinary_revisions(text):
    assert names.revision(text) == text


@pytest.mark.parametrize("text", ["main", "mlci/records", "feature/größe-2", "dependabot/a.b+c"])
def test_admits_ordinary_branches(text):
    assert names.branch(text) == text


def test_refuses_what_is_no_object_id():
    with pytest.raises(BadInput):
        names.oid("HEAD")


@given(st.text())
def test_nothing_admitted_can_be_an_option_or_a_range(text):
    for check in (names.revision, names.branch):
        try:
            check(text)
        except BadInput:
            continue
        assert not text.startswith("-")
        assert ".." not in text
        assert not set(text) & set(" \t\r\n\0:*?[\\")
