"""A change's releases as a GitLab pipeline: lanes, the most jobs, and what a job ends with."""

import subprocess

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as some

from mlci.records.change import ChangedRelease, Kind
from mlci.reports.child_pipeline import MOST, JobForm, render


def _releases(count):
    return [
        ChangedRelease(
            path=f"releases/m{n}/production.yaml",
            model=f"m{n}",
            environment="production",
            kind=Kind.MODIFIED,
        )
        for n in range(count)
    ]


def _jobs(count, **form):
    pipeline = yaml.safe_load(render(_releases(count), JobForm(**form)))
    return {name: job for name, job in pipeline.items() if isinstance(job, dict) and "stage" in job}


@settings(max_examples=25)
@given(count=some.integers(1, 3 * MOST), lanes=some.integers(1, 9))
def test_every_release_once_and_never_more_at_once_than_lanes(count, lanes):
    jobs = _jobs(count, lanes=lanes)
    text = "\n".join(line for job in jobs.values() for line in job["script"])
    assert len(jobs) == min(count, MOST)
    assert all(text.count(f"releases/m{n}/") == 1 for n in range(count))
    waits = {name: [need["job"] for need in job.get("needs", [])] for name, job in jobs.items()}
    assert sum(not before for before in waits.values()) == min(lanes, len(jobs))
    followed = [name for before in waits.values() for name in before]
    assert len(followed) == len(set(followed))


def test_without_releases_there_is_still_a_pipeline():
    assert [*_jobs(0)] == ["no release is changed"]


@pytest.mark.parametrize(("codes", "ends"), [((0, 0), 0), ((0, 3), 3), ((1, 0), 1), ((1, 5), 1)])
def test_releases_that_share_a_job_all_run_and_the_first_failure_counts(codes, ends, tmp_path):
    job = next(job for job in _jobs(2 * MOST).values() if len(job["script"]) > 2)
    program = tmp_path / "mlci"
    program.write_text('#!/bin/sh\necho "$2" >> ran; exit "$(sed -n "$(wc -l < ran)p" codes)"\n')
    program.chmod(0o755)
    (tmp_path / "codes").write_text("\n".join(map(str, codes)))
    done = subprocess.run(
        ["sh", "-ec", "\n".join(job["script"])],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        check=False,
    )
    assert done.returncode == ends
    assert len((tmp_path / "ran").read_text().split()) == 2
