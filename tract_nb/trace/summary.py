"""A summary of a trace, beside it: made once, kept while the trace stays as it is.

The structure is told by the trace itself. A narrative is told by a model, which a narrator stands for;
whatever it quotes is looked up in the trace.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from os import PathLike
from pathlib import Path
from secrets import token_hex
from typing import Any

from tract_nb.errors import TraceError
from tract_nb.model.event import Usage
from tract_nb.model.reply import facts
from tract_nb.trace.front_matter import read_front_matter, with_front_matter
from tract_nb.trace.json_lines import storable
from tract_nb.trace.locks import locked
from tract_nb.trace.narrative import Narrator, narrate
from tract_nb.trace.quotes import CheckedText
from tract_nb.trace.reading import read, still_there
from tract_nb.trace.recording import Trace
from tract_nb.trace.secrets import redact as redact_text
from tract_nb.trace.structural import LISTED, StructuralData, extract_structural_data

STRUCTURE_ONLY = (
    "Structure only: this was counted by Python, and no model has read the trace. What was intended, said "
    "and concluded is not in it."
)
_VERSION = 1  # of how a summary is made: raise it when one would come out otherwise
_GOAL = 9_600  # bytes, 10 KB with the front matter: a goal, never a reason to fail
_LISTED = (LISTED, 20, 10)  # items of each list of the structure, the first with which the goal is met
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, repr=False)
class TraceSummary:
    """A summary as it stands in its file.

    Parameters
    ----------
    facts : mapping
        Its front matter: ``model`` (None of the structure alone), ``cost`` (US dollars),
        ``input_tokens``, ``output_tokens``, ``quotes``, ``quotes_verbatim``, ``quotes_mended``,
        ``quotes_removed``, ``share_verbatim``, the hashes ``trace`` and ``prompt`` ... Another tool's
        may have others, or none.
    text : str
        What stands below it, as markdown.
    """

    facts: Mapping[str, Any]
    text: str

    @property
    def told(self) -> str:
        """Who wrote it, what of its quotes stands in the trace, and what it took, in one line."""
        said = self.facts
        if "tract_nb" not in said:
            return "the summary of another tool"
        if not said.get("model"):
            return "the structure alone, as Python counts it"
        given, taken, cost = said.get("input_tokens"), said.get("output_tokens"), said.get("cost")
        usage = None if given is None or taken is None else Usage(given, taken)
        quotes = (
            f"of {said.get('quotes')} quotes {said.get('quotes_verbatim')} verbatim, "
            f"{said.get('quotes_mended')} mended, {said.get('quotes_removed')} taken out"
        )
        return f"{facts(said['model'], usage, cost)} · {quotes}"

    def __repr__(self) -> str:
        return f"TraceSummary({self.told})"


def read_summary(path: str | PathLike[str]) -> TraceSummary:
    """Return what stands in the file of a summary.

    Parameters
    ----------
    path : path
        As :func:`tract_nb.trace.create_trace_summary` returns it.

    Raises
    ------
    TraceError
        If it cannot be read.
    """
    try:
        said, text = read_front_matter(Path(path).read_text(encoding="utf-8", errors="replace"))
    except OSError as trouble:
        raise TraceError(
            f"The summary cannot be read ({trouble.strerror or trouble}).",
            "trace.create_trace_summary(path) writes one.",
            path=Path(path),
        ) from trouble
    return TraceSummary(said, text)


def kept_summary(
    path: str | PathLike[str],
    narrator: Narrator | None,
    *,
    regenerate: bool = False,
    redact: bool = True,
) -> Path:
    """Write the summary of a trace beside it, unless one is there that still holds.

    Its front matter holds the hashes of the trace and of the prompt, and the model: it holds while they
    are the same. One without them, made by another tool, holds while it is newer than the trace. A
    summary with a narrative is not replaced by one without while the trace is the same. It is written
    whole or not at all, and by one process where several want it; what fails leaves the one before.

    Parameters
    ----------
    path : path
        A trace of any format that :func:`tract_nb.trace.read` reads.
    narrator : Narrator or None
        None gives the structural part alone, and says so. Every line that a narrative quotes is looked
        up in the trace (:func:`tract_nb.trace.quotes.check_quotes`).
    regenerate, redact : bool
        As in :func:`tract_nb.summaries.creating.create_trace_summary`.

    Raises
    ------
    TraceError
        If the trace cannot be read, or the summary cannot be written.
    """
    tr = read(path)
    target = summary_path(tr)
    with _taken(target):
        with _told(target):
            wanted = _wanted(
                tr, narrator, redact=redact
            )  # of the trace as it is now, should it grow meanwhile
            if not regenerate and _holds(target, tr.files_on_disk, wanted):
                return target
            _try(target)  # before a model is asked
        text = _text(tr, narrator, wanted, redact=redact)
        with _told(target):
            _write(target, text)
    return target


def summary_path(tr: Trace) -> Path:
    """Return where the summary of a trace stands, whether it is there or not."""
    part = tr.part or ""
    name = "".join(char if char.isalnum() or char in "._-" else "_" for char in part)
    return tr.path.with_name(f"{tr.path.stem}{f'_{name}' if name else ''}_summary.md")


def _wanted(tr: Trace, narrator: Narrator | None, *, redact: bool) -> dict[str, Any]:
    """Return what the front matter of a summary must say to hold."""
    return {
        "tract_nb": _VERSION,
        "trace": files_hash(tr.files_on_disk),
        "model": None if narrator is None else narrator.model,
        "prompt": None if narrator is None else narrator.prompt_hash,
        "redacted": redact,
    }


def files_hash(paths: tuple[Path, ...]) -> str:
    """Return one hash over the bytes of some files."""
    whole = sha256()
    for path in paths:
        one = sha256()
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                one.update(block)
        whole.update(one.digest())
    return whole.hexdigest()


def _holds(target: Path, paths: tuple[Path, ...], wanted: dict[str, Any]) -> bool:
    """Tell whether a summary that is there is the one wanted."""
    try:
        said, text = read_front_matter(target.read_text(encoding="utf-8", errors="replace"))
    except FileNotFoundError:
        return False
    if not text.strip():
        return False  # what a tool left that got no further
    if "trace" not in said:  # made by another tool, which did not say of what
        return target.stat().st_mtime_ns >= max(path.stat().st_mtime_ns for path in paths)
    told = {key: said.get(key) for key in wanted}
    if wanted["model"] is None and said.get("model") is not None:
        told |= {"model": None, "prompt": None}  # more than what is wanted
    return told == wanted


def _text(tr: Trace, narrator: Narrator | None, wanted: dict[str, Any], *, redact: bool) -> str:
    """Return a summary, front matter first."""
    with still_there(tr):
        structure = extract_structural_data(tr)
    if narrator is None:
        text = _fitted(f"> {STRUCTURE_ONLY}", structure, [])
        return _finished(wanted | {"narrative": False}, text, redact=redact)
    narrative = narrate(narrator, tr, structure, redact=redact)
    text = _fitted(narrative.text.strip("\n"), structure, _reported(narrative))
    said = wanted | {"narrative": True, **narrative.facts, **_counts(narrative)}
    return _finished(said, text, redact=redact)


def _fitted(told: str, structure: StructuralData, below: list[str]) -> str:
    """Return a summary whose lists are as long as the goal allows, and never shorter than a few items."""
    for most in _LISTED:
        text = "\n\n".join(["# Trace summary", told, structure.to_markdown(most), *below])
        if len(storable(text).encode()) <= _GOAL:
            break
    return text


def _counts(checked: CheckedText) -> dict[str, Any]:
    share = checked.share
    return {
        "quotes": len(checked.quotes),
        "quotes_verbatim": checked.verbatim,
        "quotes_mended": checked.mended,
        "quotes_removed": len(checked.removed),
        "share_verbatim": None if share is None else round(share, 3),
    }


def _reported(checked: CheckedText) -> list[str]:
    """Return what is said of quotes that were taken out."""
    count = len(checked.removed)
    if not count:
        return []
    they = "quote stands nowhere in the trace and was" if count == 1 else "quotes stand nowhere and were"
    return [f"## Quotes\n\n{count} {they} taken out."]


def _finished(said: dict[str, Any], text: str, *, redact: bool) -> str:
    if redact:
        text, found = redact_text(text)
        said = said | {"secrets_replaced": len(found)}
    return storable(with_front_matter(said, text + "\n"))


def _beside(target: Path) -> Path:
    """Return a name beside a file that nobody else takes."""
    return target.with_name(f".{target.name}.{os.getpid()}.{token_hex(4)}")


def _try(target: Path) -> None:
    """Fail where no file can be written beside another."""
    beside = _beside(target)
    beside.touch(exist_ok=False)
    beside.unlink()


def _write(target: Path, text: str) -> None:
    """Write a file whole or not at all; who may read it is what its folder says."""
    beside = _beside(target)
    try:
        with beside.open("xb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


@contextmanager
def _taken(target: Path) -> Iterator[None]:
    """Hold the lock of a summary, and say so where it cannot be had."""
    with ExitStack() as held:
        with _told(target):
            held.enter_context(locked(target))
        yield


@contextmanager
def _told(target: Path) -> Iterator[None]:
    """Say what cannot be written in a person's words."""
    try:
        yield
    except OSError as trouble:
        raise TraceError(
            f"The summary cannot be written ({trouble.strerror or trouble}).",
            "It stands beside the trace: is the folder yours to write to? "
            "trace.generate_narrative_summary writes no file.",
            path=target,
        ) from trouble
