"""Cohen's kappa for mlci: agreement of answers and truth, beyond what chance would give."""

import numpy as np

from mlci.plugins import PluginMetric


def kappa(y_true, y_pred, sample_weight=None):
    classes, codes = np.unique(np.concatenate([y_true, y_pred]), return_inverse=True)
    table = np.zeros((classes.size, classes.size))
    weight = 1.0 if sample_weight is None else sample_weight
    np.add.at(table, (codes[: len(y_true)], codes[len(y_true) :]), weight)
    table /= table.sum()
    chance = table.sum(axis=0) @ table.sum(axis=1)
    return float((np.trace(table) - chance) / (1.0 - chance))


cohen_kappa = PluginMetric(
    function=kappa,
    direction="higher",
    tasks=("binary-classification", "multiclass-classification"),
    gates=("accuracy", "fairness"),
    low=-1.0,
    high=1.0,
    weighted=True,
)
