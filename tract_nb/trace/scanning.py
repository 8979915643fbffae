"""All sessions of a folder as one table, each file read once until it changes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC as UTC_ZONE
from datetime import datetime
from hashlib import sha256
from os import PathLike
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple
from warnings import warn

import orjson

from tract_nb.errors import TraceError, TractWarning
from tract_nb.model.table import UTC, Column
from tract_nb.trace.head import LISTED, head_of, place_of
from tract_nb.trace.rows import SessionTable

if TYPE_CHECKING:
    import pandas as pd

_VERSION = 1  # of what is kept: raise it when rows change
_SUFFIXES = {".jsonl", ".json", ".traj", ".eval", ".md"}
_TITLE = b"# Conversation Trace"
_ALONE = 8_000_000  # bytes that one process reads as quickly as several that have to be started first
_NEVER = datetime.min.replace(tzinfo=UTC_ZONE)
_TIMES = [place for place, column in enumerate(SessionTable.columns) if column.dtype == UTC]


class ScanTable(SessionTable):
    """One row a session, and one for each file that looks like a session and cannot be read."""

    columns: ClassVar[tuple[Column, ...]] = (
        *SessionTable.columns,
        Column("error", "str", "why it cannot be read; missing where it was"),
    )


class Found(NamedTuple):
    """A file, and what tells whether it has changed since it was read."""

    path: str
    size: int
    mark: str  # of its size, its time and the files that belong to it


def scan(
    folder: str | PathLike[str],
    *,
    processes: int | None = None,
    cache: bool = True,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Return every session under a folder as one row, the newest first.

    Parameters
    ----------
    folder : path
        Looked through at any depth: sessions of every known format. Subagents come with their session.
    processes : int, optional
        How many read at the same time; by default as many as there are processors. Little is read here.
    cache : bool
        Keep what was read until a file's size or time changes: in ``$TRACT_NB_CACHE``, else in the
        user's folder for caches.
    progress : bool, optional
        Show a bar; by default where there is more than a moment's work and somebody looks on.

    Returns
    -------
    pandas.DataFrame
        With the columns of :class:`ScanTable`.

    Raises
    ------
    TraceError
        If there is no such folder.
    """
    return scanned(folder, processes=processes, cache=cache, progress=progress).to_frame()


def scanned(
    folder: str | PathLike[str],
    *,
    processes: int | None = None,
    cache: bool = True,
    progress: bool | None = None,
) -> ScanTable:
    """Return the same as a table; see :func:`scan`."""
    place = place_of(folder)
    if not place.is_dir():
        raise TraceError("No such folder.", LISTED, path=place)
    found = list(files_under(place))
    kept = _kept(place) if cache else {}
    known = {file.path: kept[file.path][1] for file in found if kept.get(file.path, ("",))[0] == file.mark}
    missing = [file for file in found if file.path not in known]
    for file, rows in _read(missing, processes, progress=progress):
        known[file.path] = rows
    if cache and (missing or len(kept) != len(found)):
        _keep(place, {file.path: (file.mark, known[file.path]) for file in found if file.path in known})
    rows = [_restored(row) for file in found for row in known.get(file.path, ())]
    started = [column.name for column in ScanTable.columns].index("started")
    return ScanTable(tuple(sorted(rows, key=lambda row: row[started] or _NEVER, reverse=True)))


def files_under(place: Path) -> Iterator[Found]:
    """Yield what may be a session: not subagents' files by their place or name, nor empty ones."""
    for folder, folders, names in os.walk(place):
        folders[:] = sorted(name for name in folders if name != "subagents")
        entries: dict[Path, os.stat_result] = {}
        for path in sorted(Path(folder, name) for name in names):
            if path.suffix in _SUFFIXES:
                try:
                    entries[path] = path.stat()
                except OSError:
                    continue  # gone since it was listed, or not ours to look at
        beside = _mark({path: one for path, one in entries.items() if path.name.startswith("agent-")})
        rollouts = repr([path.name for path in entries if path.name.startswith("rollout-")])
        for path, status in entries.items():
            if not status.st_size or path.name.startswith("agent-") or not _may_be(path):
                continue
            own = [str(status.st_size), str(status.st_mtime_ns)]
            if path.suffix == ".jsonl":
                own += [beside, rollouts, _subagents(path)]
            mark = sha256("|".join(own).encode("utf-8", "replace")).hexdigest()
            yield Found(str(path), status.st_size, mark)


def _mark(entries: dict[Path, os.stat_result]) -> str:
    return repr([(path.name, one.st_size, one.st_mtime_ns) for path, one in entries.items()])


def _subagents(path: Path) -> str:
    """Return what tells whether the files of a session's subagents changed."""
    try:
        return _mark({one: one.stat() for one in sorted((path.with_suffix("") / "subagents").iterdir())})
    except OSError:
        return ""


def _may_be(path: Path) -> bool:
    """Tell whether a file of markdown is a trace; others are asked when they are read."""
    if path.suffix != ".md":
        return True
    try:
        return head_of(path, 64).lstrip(b"\xef\xbb\xbf \r\n").startswith(_TITLE)
    except TraceError:
        return False


def _read(
    files: list[Found], processes: int | None, *, progress: bool | None
) -> Iterator[tuple[Found, list[Any]]]:
    """Yield files with their rows, as they are read."""
    from tqdm.auto import tqdm  # noqa: PLC0415  it looks for a notebook: only where something is read

    total = sum(file.size for file in files)
    workers = min(processes or os.cpu_count() or 1, len(files))
    if progress is None:
        progress = total > _ALONE and (sys.stderr.isatty() or "ipykernel" in sys.modules)
    source = _in_processes(files, workers) if workers > 1 and total > _ALONE else _here(files)
    with tqdm(total=total, unit="B", unit_scale=True, desc="reading", disable=not progress) as bar:
        for file, rows in source:
            bar.update(file.size)
            yield file, rows


def _here(files: list[Found]) -> Iterator[tuple[Found, list[Any]]]:
    from tract_nb.trace.scan_worker import rows_of  # noqa: PLC0415  it is a program of its own

    for file in files:
        yield file, orjson.loads(orjson.dumps(rows_of(file.path)))


def _in_processes(files: list[Found], workers: int) -> Iterator[tuple[Found, list[Any]]]:
    """Yield the same from processes of their own, the largest files first.

    They are started as programs: what `multiprocessing` starts would run a script anew that has no
    guard around its main part, and what it forks from a kernel with threads may hang.
    """
    by_path = {file.path: file for file in files}
    shares: list[list[Found]] = [[] for _ in range(workers)]
    for file in sorted(files, key=lambda file: -file.size):
        min(shares, key=lambda share: sum(one.size for one in share)).append(file)
    started: list[subprocess.Popen[bytes]] = []
    lines: Queue[bytes | None] = Queue()
    try:
        for share in shares:
            started.append(_start(share))
            Thread(target=_pass_on, args=(started[-1], lines), daemon=True).start()
        ended = 0
        while ended < len(started):
            line = lines.get()
            if line is None:
                ended += 1
                continue
            path, rows = orjson.loads(line)
            yield by_path.pop(os.fsdecode(bytes.fromhex(path))), rows
    finally:
        for process in started:
            process.kill()
            process.wait()
    yield from _here(list(by_path.values()))  # what a process that was killed did not get to


def _start(share: list[Found]) -> subprocess.Popen[bytes]:
    """Start a process on its share of the files."""
    with tempfile.TemporaryFile() as asked:
        asked.write(orjson.dumps([os.fsencode(file.path).hex() for file in share]))
        asked.seek(0)
        command = [sys.executable, "-m", "tract_nb.trace.scan_worker"]
        return subprocess.Popen(command, stdin=asked, stdout=subprocess.PIPE, env=_environment())  # noqa: S603


def _pass_on(process: subprocess.Popen[bytes], lines: Queue[bytes | None]) -> None:
    """Pass on the lines that a process writes, and None at its end."""
    assert process.stdout is not None
    with process.stdout as output:
        for line in output:
            if line.endswith(b"\n"):  # not what a process wrote that was killed in the middle
                lines.put(line)
    lines.put(None)


def _environment() -> dict[str, str]:
    """Return the environment for a process that finds what this one finds."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def _restored(row: list[Any]) -> tuple[Any, ...]:
    """Return a row with its times as such."""
    values = list(row)
    for place in _TIMES:
        if values[place] is not None:
            values[place] = datetime.fromisoformat(values[place])
    return tuple(values)


def cache_folder() -> Path:
    """Return where what was read is kept."""
    named = os.environ.get("TRACT_NB_CACHE")
    if named:
        return Path(named)
    if sys.platform == "win32":
        usual = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        usual = Path.home() / "Library" / "Caches"
    else:
        usual = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return usual / "tract_nb"


def _cache_file(place: Path) -> Path:
    name = sha256(os.fsencode(place.resolve())).hexdigest()[:16]
    return cache_folder() / f"scan-{name}.json"


def _kept(place: Path) -> dict[str, tuple[str, list[Any]]]:
    """Return what is kept of a folder; nothing where that cannot be used."""
    try:
        said = orjson.loads(_cache_file(place).read_bytes())
        if said["version"] == _VERSION and said["columns"] == [column.name for column in ScanTable.columns]:
            return {path: (mark, rows) for path, (mark, rows) in said["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}  # none yet, or another version's: everything is read anew
    return {}


def _keep(place: Path, files: dict[str, tuple[str, list[Any]]]) -> None:
    """Keep what was read, whole or not at all."""
    target = _cache_file(place)
    names = [column.name for column in ScanTable.columns]
    said = {"version": _VERSION, "columns": names, "files": files}
    try:
        data = orjson.dumps(said)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
            file.write(data)
        Path(file.name).replace(target)
    except (OSError, TypeError) as trouble:
        warn(f"What was read is not kept: {trouble}", TractWarning, stacklevel=4)
