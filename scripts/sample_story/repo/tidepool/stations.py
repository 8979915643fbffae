"""The stations, read once."""

import json
from functools import cache
from pathlib import Path

from tidepool.models import Station

FILE = Path(__file__).resolve().parent.parent / "data" / "stations.json"


@cache
def stations() -> dict[str, Station]:
    """Every station by its id."""
    return {item["id"]: Station(**item) for item in json.loads(FILE.read_text())}


def find(station_id: str) -> Station | None:
    """One station, or None."""
    return stations().get(station_id)
