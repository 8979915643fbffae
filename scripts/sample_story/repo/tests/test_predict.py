from datetime import UTC, datetime, timedelta

import pytest

from tidepool import predict
from tidepool.stations import find

BREST = find("brest")
DAY = datetime(2026, 3, 20, tzinfo=UTC)


def test_two_highs_and_two_lows_a_day():
    kinds = [water.kind for water in predict.extremes(BREST, DAY, DAY + timedelta(days=1))]
    assert sorted(kinds).count("high") in (1, 2)
    assert all(a != b for a, b in zip(kinds, kinds[1:]))


def test_highs_are_higher_than_their_neighbours():
    for water in predict.extremes(BREST, DAY, DAY + timedelta(days=14)):
        side = predict.height(BREST, water.time + timedelta(minutes=40))
        assert (side < water.height) == (water.kind == "high")


def test_a_span_can_be_cut_anywhere():
    end = DAY + timedelta(days=10)
    whole = list(predict.extremes(BREST, DAY, end))
    middle = DAY + timedelta(days=3, hours=7)
    parts = [*predict.extremes(BREST, DAY, middle), *predict.extremes(BREST, middle, end)]
    assert len(parts) == len(whole)


def test_naive_times_are_refused():
    with pytest.raises(ValueError, match="naive"):
        predict.height(BREST, datetime(2026, 3, 20))
