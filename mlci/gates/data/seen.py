"""What the model should not have seen: the label among its inputs, and the exam's rows."""

from collections.abc import Sequence

from mlci.gates.data.measurement import DataMeasurement
from mlci.gates.decision import decide
from mlci.records.judgement import Judgement, Planned

MOST_LISTED = 100


def judge_leakage(
    planned: Planned, measurement: DataMeasurement, permitted: Sequence[str] = ()
) -> Judgement:
    """Inputs of the model that are the label in other words. ``permitted`` ones are not counted."""
    found = measurement.survey.likeness
    inputs = [name for name in measurement.inputs or () if name not in permitted]
    leaks = {name: found[name].how for name in inputs if name in found and found[name].how}
    count = float(len(leaks))
    if leaks:
        named = [f"input {name!r} is {how}" for name, how in list(leaks.items())[:5]]
        reason = "; ".join(named) + (f"; and {len(leaks) - 5} more" if len(leaks) > 5 else "")
    else:
        reason = "no input of the model is one-to-one with the label"
    return Judgement(
        planned=planned,
        outcome=decide(planned.limit, (count, count)),
        reason=reason,
        estimate=count,
        interval=(count, count),
        n=measurement.survey.rows,
        details={
            "findings": [
                {"column": name, "found": how} for name, how in list(leaks.items())[:MOST_LISTED]
            ],
            "permitted": list(permitted)[:MOST_LISTED],
        },
    )


def judge_overlap(planned: Planned, measurement: DataMeasurement) -> Judgement:
    """The share of the exam's rows whose inputs and label stand in the training data too."""
    met = measurement.overlap
    if met is None:
        raise ValueError("an overlap that nobody measured")
    share = met.met / met.rows
    return Judgement(
        planned=planned,
        outcome=decide(planned.limit, (share, share)),
        reason=f"{share:.2%} of the exam's rows stand in the {met.training_rows:,} of the training "
        "data",
        estimate=share,
        interval=(share, share),
        n=met.rows,
        details={
            "trainingRows": met.training_rows,
            "columns": list(met.columns)[:MOST_LISTED],
        },
    )
