"""What the tests share."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

# a shell starts what it puts in the background deaf to Ctrl-C; the processes of tests would inherit it
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def traces() -> Path:
    """The folder of real traces, which are no part of the project."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "traces"
    folder = Path(os.environ.get("TRACT_NB_TRACES") or beside)
    if not folder.is_dir():
        pytest.skip(f"no real traces: set TRACT_NB_TRACES, or put them at {beside}")
    return folder
