"""What a judgement could show at the exam's size, said before anything is measured.

Labels and groups are known before the run, the models' answers are not. So a rate is taken at its
limit, two models are taken to disagree on DISCORDANCE of the rows, and the scores of one class to
spread as Hanley & McNeil (1982) assume; each forecast says which of these it used.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mlci.records.examination import Groups
from mlci.records.judgement import LimitKind, Planned
from mlci.records.metric import METRICS, Family
from mlci.statistics.pair_table import Kind, PairTable
from mlci.statistics.paired import detectable_margin
from mlci.statistics.power import detectable_difference, detectable_minimum, detectable_ratio
from mlci.statistics.proportions import quantile
