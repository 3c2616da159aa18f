"""What a served model is asked: rows of the exam."""

from pathlib import Path

from mlci.errors import Broken
from mlci.gates.protocol import Contender
from mlci.loadtest.payloads import payloads
from mlci.serving.session import open_model


def requests_of(contender: Contender, data: Path, *, seed: int) -> tuple[bytes, ...]:
    """Bodies of one row each. Raises Broken for a model that mlci can't serve, or whose inputs the
    data don't have."""
    model = contender.release.model
    if model.format != "onnx":
        raise Broken(
            place=contender.release.path,
            found=f"a model of format {model.format!r}",
            expected="an ONNX model, which mlci can serve",
        )
    loaded = open_model(contender.model, place=model.uri)
    return payloads(loaded, model.inputs, data, seed=seed)
