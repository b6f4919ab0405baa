"""Error bounds are never exceeded: a sample of the campaign, and the record of all of it."""

import json
from pathlib import Path

from campaign import EXACT, outcomes

RECORD = Path(__file__).parent / "records" / "bounds.json"


def test_a_sample_of_the_campaign_stays_within_its_bounds():
    found = list(outcomes(cases=80, seed=1))
    assert {one.route for one in found} == set(EXACT)
    for one in found:
        assert one.used <= 1, one
        assert one.relative <= (1e-12 if one.route != "transform" else 1e-9), one


def test_the_recorded_campaign_had_ten_thousand_cases_and_broke_no_bound():
    record = json.loads(RECORD.read_text())
    assert record["cases"] >= 10_000
    assert record["bounds_broken"] == 0
    assert set(record["routes"]) == set(EXACT)
    assert record["routes"]["enumeration"]["largest_relative_error"] < 1e-12
