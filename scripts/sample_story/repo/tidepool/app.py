"""The HTTP face."""

from datetime import UTC, date, datetime, timedelta

from fastapi import FastAPI, HTTPException, Query

from tidepool import predict
from tidepool.models import Station, Water
from tidepool.stations import find, stations

app = FastAPI(title="tidepool", version="0.8.2")

LONGEST = timedelta(days=400)


def station_or_404(station_id: str) -> Station:
    """Return the station, or say that there is none."""
    station = find(station_id)
    if station is None:
        raise HTTPException(404, f"no station {station_id!r}")
    return station


def midnight(day: date) -> datetime:
    """The start of a day, UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


@app.get("/stations")
def list_stations() -> list[dict[str, str]]:
    """Every station, without its constituents."""
    return [{"id": s.id, "name": s.name} for s in stations().values()]


@app.get("/stations/{station_id}")
def one_station(station_id: str) -> Station:
    """One station."""
    return station_or_404(station_id)


@app.get("/stations/{station_id}/tides")
def tides(
    station_id: str,
    start: date = Query(alias="from"),
    end: date = Query(alias="to"),
) -> list[Water]:
    """High and low waters from the first day to the last, both included, in UTC."""
    station = station_or_404(station_id)
    first, last = midnight(start), midnight(end) + timedelta(days=1)
    if last <= first:
        raise HTTPException(422, "'to' is before 'from'")
    if last - first > LONGEST:
        raise HTTPException(422, f"at most {LONGEST.days} days")
    return list(predict.extremes(station, first, last))
