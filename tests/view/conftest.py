"""Fixtures of the view's tests: those of the core."""

from __future__ import annotations

from tests.core.conftest import no_current_tract, opened, t

__all__ = ["no_current_tract", "opened", "t"]
