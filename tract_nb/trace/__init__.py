"""Traces: somebody else's recordings of agents' runs, read as events and measured as tables.

>>> from tract_nb import trace
>>> tr = trace.read("session.jsonl")  # doctest: +SKIP
>>> tr.failures  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tract_nb.trace.discover import Sessions, sessions
from tract_nb.trace.frames import (
    agents_df,
    calls_df,
    commands_df,
    events_df,
    failures_df,
    files_df,
    sessions_df,
    usage_df,
)
from tract_nb.trace.narrative import Narrative
from tract_nb.trace.quotes import check_quotes
from tract_nb.trace.reading import read
from tract_nb.trace.recording import Agent, Trace
from tract_nb.trace.registry import Format, Sniffed, sniff
from tract_nb.trace.scanning import scan
from tract_nb.trace.secrets import Finding, redact, redact_value
from tract_nb.trace.structural import StructuralData, extract_structural_data
from tract_nb.trace.structured import Structure
from tract_nb.trace.summary import TraceSummary, read_summary

if TYPE_CHECKING:
    from tract_nb.summaries.creating import create_trace_summary as create_trace_summary
    from tract_nb.summaries.creating import generate_narrative_summary as generate_narrative_summary
    from tract_nb.summaries.training import load_training_batch as load_training_batch
    from tract_nb.summaries.training import load_training_sample as load_training_sample

#: what stands above traces and models, since it knows both; imported when it is first asked for
_ABOVE = {
    **dict.fromkeys(("create_trace_summary", "generate_narrative_summary"), "tract_nb.summaries.creating"),
    **dict.fromkeys(("load_training_batch", "load_training_sample"), "tract_nb.summaries.training"),
}


def __getattr__(name: str) -> Any:
    if name in _ABOVE:
        return getattr(import_module(_ABOVE[name]), name)
    raise AttributeError(f"module 'tract_nb.trace' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


def structure(tr: Trace) -> Structure:
    """Return what was done in a trace: tools, files, commands, failures, subagents.

    Parameters
    ----------
    tr : Trace
        As :func:`read` returns it. The answer is kept with the trace.
    """
    return tr.structure


__all__ = [
    "Agent",
    "Finding",
    "Format",
    "Narrative",
    "Sessions",
    "Sniffed",
    "StructuralData",
    "Structure",
    "Trace",
    "TraceSummary",
    "agents_df",
    "calls_df",
    "check_quotes",
    "commands_df",
    "create_trace_summary",
    "events_df",
    "extract_structural_data",
    "failures_df",
    "files_df",
    "generate_narrative_summary",
    "load_training_batch",
    "load_training_sample",
    "read",
    "read_summary",
    "redact",
    "redact_value",
    "scan",
    "sessions",
    "sessions_df",
    "sniff",
    "structure",
    "usage_df",
]
