"""Loading training samples: their folders read, their traces summed up where they are not yet."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from tract_nb.errors import CallCancelledError, TractError, TrainingDataLoadError
from tract_nb.model.reply import LLM
from tract_nb.model.training import Source, SummaryFacts, TrainingSample
from tract_nb.summaries.batch import TrainingBatch
from tract_nb.summaries.creating import create_trace_summary
from tract_nb.trace.frames import Unread
from tract_nb.trace.front_matter import read_front_matter
from tract_nb.trace.sample_parts import (
    LARGEST,
    LAYOUT,
    SUMMARY,
    TRACE,
    folder_of,
    hash_of,
    is_sample,
    read_parts,
    sound,
    text_of,
    unreadable,
)
from tract_nb.trace.secrets import redact_value

#: makes the summary of a trace, or finds the one that holds, and returns where it stands
Summarise = Callable[[Path], Path]
FEW = 5  # samples that are loaded without a bar


def load_training_sample(
    folder: str | PathLike[str],
    model: str | None = None,
    *,
    llm: LLM | None = None,
    summaries: bool = True,
    narrative: bool = True,
    regenerate: bool = False,
    redact: bool = True,
) -> TrainingSample:
    """Load one training sample: a run of an agent, with its plan, its prompts and how it was judged.

    What the agent did stands in ``code_trace.md``. The sample has its summary: the one that is there while
    it still holds, else one that a model writes now, beside the trace
    (:func:`tract_nb.trace.create_trace_summary`). Where that fails, loading fails: the whole trace never
    stands in for its summary. A summary without its trace is taken as it is.

    Parameters
    ----------
    folder : path
        With some of ``code_trace.md``, ``plan.md``, ``prompts/*.md``, ``human_feedback.md``,
        ``judge_*.json`` (or ``.md``), ``test_results_before.json``, ``test_results_after.json`` and
        ``metadata.json``. What is not there is empty.
    model : str, optional
        Who writes a summary that has to be made; as in :func:`tract_nb.trace.create_trace_summary`. One that
        another model wrote does not hold.
    llm : LLM, optional
        What calls it; litellm without one.
    summaries : bool
        False takes the whole trace instead, and makes and reads no summary.
    narrative : bool
        False has new summaries made of the structure alone, without a model.
    regenerate : bool
        Make the summary anew in any case.
    redact : bool
        Replace likely secrets by placeholders, in the summary and in all that is loaded.

    Returns
    -------
    TrainingSample

    Raises
    ------
    TrainingDataLoadError
        If there is no such sample, a part of it cannot be read (with its file and line), or its trace
        cannot be summed up (with the cause).
    CallCancelledError
        If somebody ended the call of the model.
    """
    summarise = summariser(
        model, llm=llm, summaries=summaries, narrative=narrative, regenerate=regenerate, redact=redact
    )
    return loaded(folder_of(folder), summarise, redact=redact)


def load_training_batch(
    folder: str | PathLike[str],
    model: str | None = None,
    *,
    llm: LLM | None = None,
    summaries: bool = True,
    narrative: bool = True,
    regenerate: bool = False,
    redact: bool = True,
    strict: bool = False,
    progress: bool | None = None,
) -> TrainingBatch:
    """Load every training sample of a folder; those that cannot be loaded are told at the end.

    Summaries that have to be made are kept beside their traces, so what was paid for before an error or
    an interrupt is not paid for again.

    Parameters
    ----------
    folder : path
        Each folder in it is a sample, hidden ones apart; or, where none of them is, a sample itself.
    model, llm, summaries, narrative, regenerate, redact
        As in :func:`load_training_sample`.
    strict : bool
        Fail at the end where one could not be loaded; the others are in the error's ``batch``. Else they
        stand in ``errors`` beside those that were.
    progress : bool, optional
        Show a bar; by default where there are more than a few and somebody looks on.

    Returns
    -------
    TrainingBatch

    Raises
    ------
    TrainingDataLoadError
        If there is no such folder or no sample in it; with ``strict``, if one could not be loaded.
    """
    summarise = summariser(
        model, llm=llm, summaries=summaries, narrative=narrative, regenerate=regenerate, redact=redact
    )
    return loaded_batch(folder, summarise, redact=redact, strict=strict, progress=progress)


def loaded_batch(
    folder: str | PathLike[str],
    summarise: Summarise | None,
    *,
    redact: bool = True,
    strict: bool = False,
    progress: bool | None = None,
) -> TrainingBatch:
    """Do the same with what makes a summary; None takes the whole traces."""
    place = folder_of(folder)
    samples: list[TrainingSample] = []
    errors: list[tuple[str, str]] = []
    first: TrainingDataLoadError | None = None
    for one in _shown(_folders(place), progress=progress):
        try:
            samples.append(loaded(one, summarise, redact=redact))
        except TrainingDataLoadError as error:
            first = first or error
            errors.append((str(one), str(error)))
    batch = TrainingBatch(tuple(samples), Unread(tuple(errors)))
    if strict and first is not None:
        raise incomplete(place, batch) from first
    return batch


def _folders(place: Path) -> list[Path]:
    """Return the folders of the samples: those in a folder, else the folder itself."""
    try:
        found = sorted(path for path in place.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError as trouble:
        raise unreadable(place, trouble) from trouble
    if is_sample(place) and not any(is_sample(path) for path in found):
        return [place]  # prompts/ is a part of it
    if not found:
        raise TrainingDataLoadError("There is no training sample in this folder.", LAYOUT, path=place)
    return found


def _shown(folders: list[Path], *, progress: bool | None) -> Iterator[Path]:
    """Yield the folders, a bar growing with them where somebody looks on."""
    from tqdm.auto import tqdm  # noqa: PLC0415  it looks for a notebook: only where something is loaded

    if progress is None:
        progress = len(folders) > FEW and (sys.stderr.isatty() or "ipykernel" in sys.modules)
    with tqdm(total=len(folders), unit=" samples", desc="loading", disable=not progress) as bar:
        for folder in folders:
            yield folder
            bar.update()


def incomplete(place: Path, batch: TrainingBatch) -> TrainingDataLoadError:
    """Return the error of a folder of which not everything could be loaded, every reason in it."""
    failed = batch.errors.rows
    reasons = "\n".join(f"- {error}" for _, error in failed)
    error = TrainingDataLoadError(
        f"{len(failed)} of {len(failed) + len(batch)} samples could not be loaded:\n{reasons}",
        "The others are in this error's .batch; without strict they are returned, the errors beside.",
        path=place,
    )
    error.batch = batch
    return error


# -- one sample ------------------------------------------------------------------------------------


def summariser(
    model: str | None,
    *,
    llm: LLM | None,
    summaries: bool,
    narrative: bool,
    regenerate: bool,
    redact: bool,
) -> Summarise | None:
    """Return what makes the summary of a trace; None where summaries are off."""
    if not summaries:
        return None

    def summarise(trace: Path) -> Path:
        return create_trace_summary(
            trace, model, llm=llm, narrative=narrative, regenerate=regenerate, redact=redact
        )

    return summarise


def loaded(place: Path, summarise: Summarise | None, *, redact: bool) -> TrainingSample:
    """Return the sample of a folder, with what makes the summary of its trace; None takes the whole."""
    parts = read_parts(place)
    trace = place / TRACE
    made = _whole(trace) if summarise is None else _summary(place, summarise)
    values, found = _clean({**parts.values, "code_trace": made.text}, redact=redact)
    code_trace = values["code_trace"]
    return TrainingSample.model_validate(
        {
            **values,
            "judges": tuple(values["judges"]),
            "plan_id": sound(place.resolve().name),
            "folder": place,
            "code_trace_from": made.source,
            "code_trace_size": len(code_trace.encode()),
            "trace_size": trace.stat().st_size if trace.is_file() else 0,
            "summary": made.facts,
            "fingerprints": parts.fingerprints | dict(made.fingerprints),
            "missing": parts.missing,
            "secrets_replaced": found,
        }
    )


class _CodeTrace(NamedTuple):
    text: str
    source: Source
    facts: SummaryFacts | None = None
    fingerprints: tuple[tuple[str, str], ...] = ()


def _clean(values: dict[str, Any], *, redact: bool) -> tuple[dict[str, Any], int]:
    """Return the values without likely secrets, and how many were replaced."""
    if not redact:
        return values, 0
    clean, findings = redact_value(values)
    return clean, len(findings)


def _whole(trace: Path) -> _CodeTrace:
    return _CodeTrace(text_of(trace, lenient=True), "trace" if trace.is_file() else "none")


def _summary(folder: Path, summarise: Summarise) -> _CodeTrace:
    """Return the summary of a folder's trace, made where there is none that holds."""
    trace, summary = folder / TRACE, folder / SUMMARY
    before = _state(summary)
    if trace.is_file():
        try:
            summary = summarise(trace)
        except CallCancelledError:
            raise  # a person ended it: nothing failed
        except Exception as trouble:  # a person's own llm may raise anything: no sample without its summary
            raise _no_summary(trace, trouble) from trouble
    elif before is None:
        return _CodeTrace("", "none")
    said, text = read_front_matter(text_of(summary, lenient=True))
    is_new = _state(summary) != before
    facts = SummaryFacts(
        model=_name(said.get("model")),
        is_new=is_new,
        quotes=_count(said.get("quotes")),
        quotes_verbatim=_count(said.get("quotes_verbatim")),
        share_verbatim=_number(said.get("share_verbatim")),
        cost=_number(said.get("cost")),
    )
    source: Source = "structure" if said.get("narrative") is False else "summary"
    return _CodeTrace(text.strip("\n"), source, facts, ((SUMMARY, hash_of(summary)),))


def _state(path: Path) -> tuple[int, int] | None:
    """Return what differs once a file was written anew; None where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def _no_summary(trace: Path, trouble: Exception) -> TrainingDataLoadError:
    """Return the error of a trace that could not be summed up."""
    if isinstance(trouble, TractError):
        message, hint = trouble.message.removeprefix(f"{trace}: "), trouble.hint
    else:
        message, hint = f"{type(trouble).__name__}: {trouble}", ""
    either = (
        "Or load it without a model: narrative=False (--structure-only); or with the whole trace: "
        "summaries=False (--no-summaries)."
    )
    return TrainingDataLoadError(
        f"The trace could not be summed up. {message}",
        f"{hint} {either}".strip(),
        path=trace,
    )


# what front matter says, where it is of the kind: another tool may say something else


def _name(value: Any) -> str | None:
    return value if type(value) is str else None


def _count(value: Any) -> int | None:
    return value if type(value) is int and abs(value) <= LARGEST else None


def _number(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) else None
