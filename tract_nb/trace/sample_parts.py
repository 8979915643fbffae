"""The parts of a training sample's folder, each read strictly: what is wrong names its file and place."""

from __future__ import annotations

import hashlib
import json
import math
import re
from pathlib import Path
from typing import Any, NamedTuple

from tract_nb.errors import TraceError, TrainingDataLoadError
from tract_nb.trace.head import place_of

TRACE = "code_trace.md"
SUMMARY = "code_trace_summary.md"
PLAN = "plan.md"
FEEDBACK = "human_feedback.md"
METADATA = "metadata.json"
BEFORE, AFTER = "test_results_before.json", "test_results_after.json"
PROMPTS = "prompts"
JUDGES = "judge_*"
#: what a folder may hold, in the order in which what is missing is named
PARTS = (PLAN, PROMPTS, TRACE, FEEDBACK, JUDGES, BEFORE, AFTER, METADATA)
LAYOUT = f"A sample's folder holds some of {', '.join(PARTS)}."
_DEEPEST = 100  # brackets within brackets: what is deeper was not written by a judge
LARGEST = 2**63 - 1  # that a table can hold
_SURROGATE = re.compile("[\ud800-\udfff]")


class Parts(NamedTuple):
    """What stands in a folder, as it stands there."""

    values: dict[str, Any]  # by the names of a sample's fields
    fingerprints: dict[str, str]
    missing: tuple[str, ...]


def folder_of(folder: Any) -> Path:
    """Return the folder that a person means.

    Raises
    ------
    TrainingDataLoadError
        If there is none.
    """
    try:
        place = place_of(folder)
        is_there = place.is_dir()
    except (TraceError, ValueError, OSError) as trouble:  # no name that a folder can have
        raise TrainingDataLoadError(f"There is no such folder: {folder!r}.", LAYOUT) from trouble
    if not is_there:
        what = "A file, not a folder." if place.exists() else "There is no such folder."
        raise TrainingDataLoadError(what, LAYOUT, path=place)
    return place


def is_sample(folder: Path) -> bool:
    """Tell whether a folder holds anything that a training sample is made of."""
    return bool(files_of(folder)) or (folder / SUMMARY).is_file()


def files_of(folder: Path) -> list[Path]:
    """Return the files that a sample is made of, the trace's summary apart.

    Raises
    ------
    TrainingDataLoadError
        If nobody may look into the folder.
    """
    named = [folder / name for name in (PLAN, TRACE, FEEDBACK, METADATA, BEFORE, AFTER)]
    try:
        found = [path for path in named if path.is_file()]
        return [*found, *_judge_files(folder), *_prompt_files(folder)]
    except OSError as trouble:
        raise unreadable(folder, trouble) from trouble


def read_parts(folder: Path) -> Parts:
    """Return what stands in a folder, but for what its trace says.

    Raises
    ------
    TrainingDataLoadError
        If a part is there and cannot be read, or nothing is there.
    """
    files = files_of(folder)
    if not files and not (folder / SUMMARY).is_file():
        raise TrainingDataLoadError("No part of a training sample is in this folder.", LAYOUT, path=folder)
    said = _object(folder / METADATA)
    judges = [_judge(path) for path in _judge_files(folder)]
    values = {
        "plan": text_of(folder / PLAN),
        "prompts": {
            sound(path.relative_to(folder / PROMPTS).with_suffix("").as_posix()): text_of(path)
            for path in _prompt_files(folder)
        },
        "human_feedback": text_of(folder / FEEDBACK),
        "judges": sorted(judges, key=lambda judge: str(judge["name"])),
        "tests_before": _suite(folder / BEFORE),
        "tests_after": _suite(folder / AFTER),
        **{name: _said(said, name, folder) for name in _FACTS},
        "metadata": {name: value for name, value in said.items() if name not in _FACTS},
    }
    there = {path.relative_to(folder).parts[0] for path in files}
    there |= {JUDGES} if judges else set()
    missing = tuple(part for part in PARTS if part not in there)
    hashes = {sound(path.relative_to(folder).as_posix()): hash_of(path) for path in files}
    return Parts(values, hashes, missing)


_FACTS = ("tool", "model", "prompt_fingerprint", "eval_fingerprint")


def sound(text: str) -> str:
    """Return a text without what no text can hold: half of a surrogate pair."""
    return _SURROGATE.sub("\ufffd", text)


def unreadable(path: Path, trouble: OSError) -> TrainingDataLoadError:
    """Return the error of what is there and cannot be read."""
    return TrainingDataLoadError(
        f"It cannot be read ({trouble.strerror or trouble}).", "Is it yours to read?", path=path
    )


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as trouble:
        raise unreadable(path, trouble) from trouble


def text_of(path: Path, *, lenient: bool = False) -> str:
    """Return a file's text; nothing where there is none.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    lenient : bool
        What is no UTF-8 becomes U+FFFD, as where a trace is read; else it is an error.

    Raises
    ------
    TrainingDataLoadError
        If it cannot be read.
    """
    if not path.is_file():
        return ""
    try:
        data = path.read_bytes()
    except OSError as trouble:
        raise unreadable(path, trouble) from trouble
    try:
        text = data.decode("utf-8-sig", "replace" if lenient else "strict")
    except UnicodeDecodeError as wrong:
        line = data.count(b"\n", 0, wrong.start) + 1
        raise TrainingDataLoadError(
            f"The text is no UTF-8 (byte {wrong.start + 1:,} of the file).",
            "Save it as UTF-8.",
            path=path,
            line=line,
        ) from wrong
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _judge_files(folder: Path) -> list[Path]:
    """Return one file for each judge: its JSON, and where there is none its markdown."""
    both = [path for kind in ("json", "md") for path in sorted(folder.glob(f"{JUDGES}.{kind}"))]
    return sorted({path.stem: path for path in reversed(both) if path.is_file()}.values())


def _prompt_files(folder: Path) -> list[Path]:
    return [path for path in sorted((folder / PROMPTS).rglob("*.md")) if path.is_file()]


# -- JSON -----------------------------------------------------------------------------------------


def _object(path: Path) -> dict[str, Any]:
    """Return the object that a file of JSON holds; an empty one where there is no file."""
    if not path.is_file():
        return {}
    try:
        value = json.loads(text_of(path))
    except json.JSONDecodeError as wrong:
        raise TrainingDataLoadError(
            f"No JSON at column {wrong.colno}: {wrong.msg}.",
            "Mend the file, or take it away: the sample is then loaded without it.",
            path=path,
            line=wrong.lineno,
        ) from wrong
    except (RecursionError, ValueError) as wrong:  # ValueError: a number of thousands of digits
        raise TrainingDataLoadError(
            "JSON that is nested too deeply, or holds a number that is too long.", "Mend the file.", path=path
        ) from wrong
    if not isinstance(value, dict):
        raise _wrong(path, f"It holds {_kind(value)}, not an object.")
    return {sound(name): _whole(one, path) for name, one in value.items()}


def _whole(value: Any, path: Path, depth: int = 0) -> Any:
    """Return a value of JSON with sound texts."""
    if depth > _DEEPEST:
        raise _wrong(path, f"It is nested more than {_DEEPEST} deep.")
    if isinstance(value, str):
        return sound(value)
    if isinstance(value, dict):
        return {sound(name): _whole(one, path, depth + 1) for name, one in value.items()}
    if isinstance(value, list):
        return [_whole(one, path, depth + 1) for one in value]
    return value


def _kind(value: Any) -> str:
    names = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _wrong(path: Path, message: str) -> TrainingDataLoadError:
    return TrainingDataLoadError(
        message, "Mend the file, or take it away: the sample is then loaded without it.", path=path
    )


def _text(said: dict[str, Any], name: str, path: Path) -> str:
    """Return a field that is a text; nothing where it is not there or null."""
    value = said.get(name)
    if value is not None and not isinstance(value, str):
        raise _wrong(path, f"{name} is {_kind(value)}, not a text.")
    return value or ""


def _said(said: dict[str, Any], name: str, folder: Path) -> str:
    return _text(said, name, folder / METADATA)


def _number(said: dict[str, Any], name: str, path: Path) -> float | None:
    value = said.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
        given = value if isinstance(value, float) else _kind(value)
        raise _wrong(path, f"{name} is {given}, not a number.")
    return float(value)


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond any float
        return False


def _count(said: dict[str, Any], name: str, path: Path) -> int | None:
    value = said.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST:
        raise _wrong(path, f"{name} is {_kind(value)}, not a whole number of 64 bits.")
    return value


# -- judges and tests -------------------------------------------------------------------------------


def _judge(path: Path) -> dict[str, Any]:
    """Return what a judge said."""
    name = path.stem.removeprefix("judge_")
    if path.suffix == ".md":
        return {"name": sound(name), "feedback": text_of(path)}
    said = _object(path)
    return {
        "name": _text(said, "judge_name", path) or sound(name),
        "score": _number(said, "score", path),
        "weight": _number(said, "weight", path),
        "feedback": _text(said, "feedback", path),
    }


def _suite(path: Path) -> dict[str, Any] | None:
    """Return what came of the tests; None where it was not recorded."""
    if not path.is_file():
        return None
    said = _object(path)
    return {
        "command": _text(said, "command", path),
        "exit_code": _count(said, "exit_code", path),
        "total": _count(said, "total_tests", path),
        "passed": _count(said, "passed_tests", path),
        "failed": _count(said, "failed_tests", path),
        "others": {name: value for name, value in said.items() if name not in _FIGURES},
    }


_FIGURES = frozenset({"command", "exit_code", "total_tests", "passed_tests", "failed_tests"})
