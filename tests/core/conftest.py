"""Fixtures of the core's tests: tracts that are closed again, and hypothesis the same at every run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.core.helpers import frozen
from tract_nb import Tract

settings.register_profile(
    "core",
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("core")

OpenTract = Callable[..., Tract]


@pytest.fixture(autouse=True)
def no_current_tract(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the current tract, the listener or the clock of another."""
    monkeypatch.setattr(Tract, "first", None)
    monkeypatch.setattr(Tract, "listener", None)
    monkeypatch.delenv("TRACT_NB_CLOCK", raising=False)


@pytest.fixture
def opened() -> Iterator[OpenTract]:
    """Open tracts with a frozen clock; they are closed after the test."""
    made: list[Tract] = []

    def open_tract(url: Any = None, **options: Any) -> Tract:
        made.append(Tract.open(url, **{"clock": frozen, **options}))
        return made[-1]

    yield open_tract
    for tract in made:
        tract.close()


@pytest.fixture
def t(opened: OpenTract) -> Tract:
    """A tract in memory."""
    return opened()
