"""Creating: the summary of a trace with a model's narrative; public as names of ``tract_nb.trace``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from tract_nb.errors import CallCancelledError, ModelError, ReplayError
from tract_nb.llm.asking import Asker
from tract_nb.llm.client import LiteLLM
from tract_nb.llm.settings import Layers, checked
from tract_nb.model.reply import LLM, Cancel
from tract_nb.summaries.narrating import ModelNarrator
from tract_nb.trace.narrative import Narrative, narrate
from tract_nb.trace.reading import read
from tract_nb.trace.recording import Trace
from tract_nb.trace.structural import extract_structural_data
from tract_nb.trace.summary import kept_summary

OPERATION = "summarize"


def create_trace_summary(
    path: str | PathLike[str],
    model: str | None = None,
    *,
    llm: LLM | None = None,
    narrative: bool = True,
    regenerate: bool = False,
    redact: bool = True,
    settings: Mapping[str, Any] | None = None,
    on_text: Callable[[str], None] | None = None,
    cancel: Cancel | None = None,
) -> Path:
    """Write the summary of a trace beside it, unless one is there that still holds.

    The structure is counted by Python, the narrative written by a model from the prompt
    ``trace_summarization``. Every line that it quotes is looked up in the trace: verbatim, it is followed
    by where it stands; a near one is mended from the trace; the others are taken out and counted. A trace
    that is longer than the model's window is shown as its skeleton, what was left out counted; where not
    even what was said in it fits, in steps, each with what was written of those before.

    The front matter holds the hashes of trace and prompt, and the model: the summary holds while these
    are the same. One without them, made by another tool, holds while it is newer than the trace. It is
    written whole or not at all, and by one process where several want it: a model is asked once. What
    fails, or is interrupted, leaves the summary that was there.

    Parameters
    ----------
    path : path
        A trace of any format that :func:`tract_nb.trace.read` reads.
    model : str, optional
        As litellm names it. Without one the environment's ``TRACT_NB_LLM_MODEL``, else
        ``x-ai/grok-4.1-fast``.
    llm : LLM, optional
        Who calls it; litellm without one.
    narrative : bool
        False gives the structural part alone, labelled so, and asks nobody. It does not replace a
        summary with a narrative while the trace is the same.
    regenerate : bool
        Make it anew in any case.
    redact : bool
        Keep likely secrets from the model and out of the summary: placeholders stand for them.
    settings : mapping, optional
        Any other setting of litellm's, and ``timeout`` (seconds), ``retries``, ``api_key``, ``api_base``.
        Keys are kept nowhere.
    on_text : callable, optional
        Called with each piece of the model's answer as it comes.
    cancel : Cancel, optional
        Ends the call from another thread.

    Returns
    -------
    pathlib.Path
        ``code_trace_summary.md`` beside a ``code_trace.md``; beside others likewise.

    Raises
    ------
    TraceError
        If the trace cannot be read, or the summary cannot be written.
    ModelError
        If the model gives no narrative; there is no falling back to the structure.
    """
    settings = checked(settings or {})  # keys hidden: whoever prints the frames of an error sees none
    asker = None
    if narrative:
        asker = asker_for(model, llm=llm, settings=settings, on_text=on_text, cancel=cancel)
    return created(path, asker, regenerate=regenerate, redact=redact)


def created(
    path: str | PathLike[str], asker: Asker | None, *, regenerate: bool = False, redact: bool = True
) -> Path:
    """Do the same with what asks a model for the operation ``summarize``; None for the structure alone."""
    narrator = None if asker is None else ModelNarrator(asker)
    try:
        return kept_summary(path, narrator, regenerate=regenerate, redact=redact)
    except (CallCancelledError, ReplayError):
        raise
    except ModelError as error:
        name = Path(path).name
        error.message = f"No summary of {name}: {error.message} What was there before is as it was."
        error.args = (error.message,)
        raise


def generate_narrative_summary(
    source: Trace | str | PathLike[str],
    model: str | None = None,
    *,
    llm: LLM | None = None,
    redact: bool = True,
    settings: Mapping[str, Any] | None = None,
    on_text: Callable[[str], None] | None = None,
    cancel: Cancel | None = None,
) -> Narrative:
    """Return the narrative that a model writes of a trace, its quotes looked up; no file is read or written.

    Parameters
    ----------
    source : Trace or path
        A trace of any format.
    model, llm, redact, settings, on_text, cancel
        As in :func:`create_trace_summary`.

    Returns
    -------
    Narrative
        ``.text``, ``.quotes``, ``.share`` of the verbatim ones, ``.removed``, and ``.facts``: tokens, cost,
        prompt, what there was no room for.

    Raises
    ------
    TraceError
        If the trace cannot be read.
    ModelError
        If the model gives no narrative.
    """
    settings = checked(settings or {})
    tr = source if isinstance(source, Trace) else read(source)
    narrator = ModelNarrator(asker_for(model, llm=llm, settings=settings, on_text=on_text, cancel=cancel))
    return narrate(narrator, tr, extract_structural_data(tr), redact=redact)


def asker_for(
    model: str | None,
    *,
    llm: LLM | None = None,
    settings: Mapping[str, Any] | None = None,
    on_text: Callable[[str], None] | None = None,
    cancel: Cancel | None = None,
) -> Asker:
    """Return what asks a model for a summary where there is no tract whose settings hold."""
    given = {**(settings or {}), **({"model": model} if model else {})}
    resolved = Layers().resolve(OPERATION, given)
    return Asker(LiteLLM() if llm is None else llm, resolved, on_text, cancel)
