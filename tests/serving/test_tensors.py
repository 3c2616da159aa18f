import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mlci.serving.session import Tensor
from mlci.serving.tensors import AnswerError, RequestError, decode, encode

X = Tensor(name="X", datatype="FP32", shape=(-1, 2))
COUNT = Tensor(name="count", datatype="INT64", shape=(-1,))
OUTPUTS = (Tensor(name="a", datatype="FP32", shape=(-1,)),)


def body(**tensor):
    given = {"name": "X", "datatype": "FP32", "shape": [2, 2], "data": [1, 2, 3, 4], **tensor}
    return json.dumps({"inputs": [given]}).encode()


@pytest.mark.parametrize("data", [[1, 2.5, 3, 4], [[1, 2.5], [3, 4]]])
def test_flat_and_nested_data_are_the_same(data):
    feeds = decode(body(data=data), (X,), OUTPUTS).feeds

    assert feeds["X"].dtype == np.float32
    np.testing.assert_array_equal(feeds["X"], [[1, 2.5], [3, 4]])


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        ({"datatype": "FP64"}, 'X: got datatype "FP64", expected FP32'),
        ({"shape": [2, 3]}, r"X: got shape \[2, 3\], expected \[-1, 2\]"),
        ({"shape": [4]}, r"X: got shape \[4\]"),
        ({"shape": [-1, 2]}, "X: got shape"),
        ({"shape": None}, "X: got shape null"),
        ({"shape": [True, 2]}, "X: got shape"),
        ({"data": [1, 2, 3]}, "X: got 3 elements, expected 4"),
        ({"data": [[1, 2, 3, 4]]}, "nested data don't have the shape"),
        ({"data": [[1, 2], 3, 4]}, "nested data don't have the shape"),
        ({"data": [[1, 2]]}, "got 2 elements, expected 4"),
        ({"data": "1234"}, 'X: got data "1234", expected a list'),
        ({"data": [1, 2, 3, "4"]}, 'got "4" among the data, expected float or int'),
        ({"data": [1, 2, 3, None]}, "got null among the data"),
        ({"data": [1, 2, 3, True]}, "got true among the data"),
        ({"data": [1, 2, 3, 1e300]}, "beyond the range of FP32"),
        ({"data": [1, 2, 3, 10**400]}, "X: "),
        ({"name": "Y"}, "X: missing; expected the inputs X"),
        ({"name": 7}, "inputs: got"),
    ],
)
def test_a_malformed_tensor_is_refused_by_name(tensor, message):
    with pytest.raises(RequestError, match=message):
        decode(body(**tensor), (X,), OUTPUTS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"{", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "no inference request"),
        (b'{"inputs": {}}', "no inference request"),
        (b'{"inputs": []}', "X: missing"),
        (b'{"inputs": [], "id": 7}', "id: got 7"),
        (b'{"inputs": [3]}', "inputs: got 3"),
        (body().replace(b"[1, 2,", b"[NaN, 2,"), "NaN is not JSON"),
        (body().replace(b'"data"', b'"other"'), "binary tensor extension"),
        (body()[:-1] + b', "outputs": [{"name": "b"}]}', "b: unknown; expected the outputs a"),
        (body()[:-1] + b', "outputs": 1}', "outputs: got 1"),
    ],
)
def test_a_malformed_request_is_refused(text, message):
    with pytest.raises(RequestError, match=message):
        decode(text, (X,), OUTPUTS)


def test_an_input_given_twice_is_refused():
    document = json.loads(body())
    document["inputs"] *= 2

    with pytest.raises(RequestError, match="X: given twice"):
        decode(json.dumps(document).encode(), (X,), OUTPUTS)


def test_a_fraction_is_no_integer():
    tensor = {"name": "count", "datatype": "INT64", "shape": [1], "data": [1.5]}

    with pytest.raises(RequestError, match=r"got 1\.5 among the data, expected int"):
        decode(json.dumps({"inputs": [tensor]}).encode(), (COUNT,), OUTPUTS)


def test_an_integer_beyond_its_type_is_refused():
    tensor = {"name": "count", "datatype": "INT64", "shape": [1], "data": [2**63]}

    with pytest.raises(RequestError, match="count: "):
        decode(json.dumps({"inputs": [tensor]}).encode(), (COUNT,), OUTPUTS)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_answer_that_json_lacks_is_an_error(value):
    with pytest.raises(AnswerError, match="NaN or infinity in score"):
        encode("score", np.array([0.5, value], np.float32))


DTYPES = {
    "FP32": np.float32,
    "FP64": np.float64,
    "INT64": np.int64,
    "UINT8": np.uint8,
    "BOOL": np.bool_,
}


@given(st.sampled_from(sorted(DTYPES)), st.data())
def test_what_is_encoded_decodes_to_itself(datatype, data):
    dtype = np.dtype(DTYPES[datatype])
    elements = {"allow_nan": False, "allow_infinity": False} if dtype.kind == "f" else {}
    shape = data.draw(arrays.array_shapes(max_dims=3, max_side=4))
    array = data.draw(arrays.arrays(dtype, shape, elements=arrays.from_dtype(dtype, **elements)))
    tensor = Tensor(name="t", datatype=datatype, shape=(-1,) * len(shape))

    text = json.dumps({"inputs": [encode("t", array)]}, allow_nan=False).encode()

    back = decode(text, (tensor,), OUTPUTS).feeds["t"]
    assert back.dtype == dtype
    np.testing.assert_array_equal(back, array)


@given(st.lists(st.text(), min_size=1))
def test_text_decodes_to_itself(words):
    array = np.array(words, object)
    tensor = Tensor(name="t", datatype="BYTES", shape=(-1,))

    text = json.dumps({"inputs": [encode("t", array)]}).encode()

    assert decode(text, (tensor,), OUTPUTS).feeds["t"].tolist() == words
