"""What goes over the wire."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field


class Constituent(BaseModel):
    """One cosine of the tide: amplitude in metres, Greenwich phase lag in degrees."""

    name: str
    amplitude: float = Field(ge=0)
    phase: float = Field(ge=0, lt=360)


class Station(BaseModel):
    """A harbour with its harmonic constants."""

    id: str
    name: str
    lat: float
    lon: float
    tz: str | None = None
    datum: float = Field(description="mean level above chart datum, metres")
    constituents: list[Constituent] = []


class Water(BaseModel):
    """A high or a low water."""

    time: datetime
    height: float
    kind: Literal["high", "low"]
