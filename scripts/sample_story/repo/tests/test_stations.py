import json

import pytest

from tidepool.predict import SPEED
from tidepool.stations import FILE, stations

ALL = json.loads(FILE.read_text())


@pytest.mark.parametrize("item", ALL, ids=lambda item: item["id"])
def test_constituents_are_known(item):
    assert {c["name"] for c in item["constituents"]} <= set(SPEED)


@pytest.mark.parametrize("item", ALL, ids=lambda item: item["id"])
def test_m2_leads(item):
    amplitudes = {c["name"]: c["amplitude"] for c in item["constituents"]}
    assert max(amplitudes, key=amplitudes.__getitem__) == "M2"


def test_ids_are_unique():
    assert len(stations()) == len(ALL)
