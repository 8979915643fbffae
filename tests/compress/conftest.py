"""Fixtures of the tests of compression: none sees the current tract, listener or clock of another."""

from __future__ import annotations

import pytest

from tract_nb import Tract


@pytest.fixture(autouse=True)
def no_current_tract(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tract, "first", None)
    monkeypatch.setattr(Tract, "listener", None)
    monkeypatch.delenv("TRACT_NB_CLOCK", raising=False)
