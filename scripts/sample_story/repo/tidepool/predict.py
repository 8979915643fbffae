"""Harmonic prediction: the height at a time, and the extremes in a span.

All times in here are aware and in UTC. Nothing in this module knows what a time zone is, and
nothing in it should.
"""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tidepool.models import Station, Water

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

#: degrees an hour
SPEED = {
    "M2": 28.9841042,
    "S2": 30.0000000,
    "N2": 28.4397295,
    "K2": 30.0821373,
    "K1": 15.0410686,
    "O1": 13.9430356,
    "P1": 14.9589314,
    "M4": 57.9682084,
    "MS4": 58.9841042,
    "MN4": 57.4238337,
}

STEP = timedelta(minutes=20)
PRECISION = timedelta(seconds=1)


def hours(moment: datetime) -> float:
    """Hours since the epoch."""
    if moment.tzinfo is None:
        raise ValueError(f"naive time: {moment!r}")
    return (moment - EPOCH).total_seconds() / 3600


def height(station: Station, moment: datetime) -> float:
    """Metres above chart datum."""
    t = hours(moment)
    return station.datum + sum(
        c.amplitude * math.cos(math.radians(SPEED[c.name] * t - c.phase))
        for c in station.constituents
    )


def slope(station: Station, moment: datetime) -> float:
    """Metres an hour; its sign is all that anybody asks of it."""
    t = hours(moment)
    return -sum(
        c.amplitude
        * math.radians(SPEED[c.name])
        * math.sin(math.radians(SPEED[c.name] * t - c.phase))
        for c in station.constituents
    )


def extremes(station: Station, start: datetime, end: datetime) -> Iterator[Water]:
    """Yield the high and low waters with start <= time < end, in order."""
    left, falling = start, slope(station, start) < 0
    while left < end:
        right = min(left + STEP, end)
        now_falling = slope(station, right) < 0
        if now_falling != falling:
            moment = bisect(station, left, right, falling)
            yield Water(
                time=moment.replace(microsecond=0),
                height=round(height(station, moment), 2),
                kind="low" if falling else "high",
            )
        left, falling = right, now_falling


def bisect(station: Station, left: datetime, right: datetime, falling: bool) -> datetime:
    """Return where the slope changes its sign."""
    while right - left > PRECISION:
        middle = left + (right - left) / 2
        if (slope(station, middle) < 0) == falling:
            left = middle
        else:
            right = middle
    return left
