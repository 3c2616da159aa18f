"""What ends without an answer, and what fails unforeseen."""

import pytest

from mlci.serving.counting import Counting


def lines(counting):
    return counting.exposition().decode().splitlines()


def test_a_client_that_leaves_has_no_code_and_no_duration():
    counting = Counting()
    with counting.request():
        assert "mlci_serve_requests_active 1" in lines(counting)
    assert 'mlci_serve_requests_total{code="0"} 1' in lines(counting)
    assert "mlci_serve_requests_active 0" in lines(counting)
    assert "mlci_serve_request_duration_seconds_count 0" in lines(counting)


def test_what_fails_unforeseen_is_an_error_of_the_server():
    counting = Counting()
    with pytest.raises(ZeroDivisionError), counting.request() as counted:
        counted.code = 1 // 0
    assert 'mlci_serve_requests_total{code="500"} 1' in lines(counting)
