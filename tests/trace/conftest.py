"""The fixtures of the traces' tests."""

from tests.trace.helpers import markdown, session

__all__ = ["markdown", "session"]
