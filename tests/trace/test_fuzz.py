"""Bent files of every format: the readable part, or a TraceError that names the file; never anything else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.trace.written import WRITTEN, inspect_archive, put
from tract_nb import Tract, trace
from tract_nb.errors import TraceError
from tract_nb.model.event import EventKind

settings.register_profile("bent", deadline=None, suppress_health_check=list(HealthCheck))
BENT = settings.get_profile("bent")
LARGE = 200_000
NAMES = sorted(WRITTEN)
JSON = [name for name in NAMES if name not in ("code_trace", "inspect, archive")]

places = st.floats(0, 1)


def slices(data: bytes, start: float, length: float) -> tuple[int, int]:
    begin = int(start * len(data))
    return begin, min(begin + 1 + int(length * 200), len(data))


def cut(data: bytes, at: float, size: float) -> bytes:
    begin, end = slices(data, at, size)
    return data[:begin] + data[end:]


def cut_off(data: bytes, at: float, _: float) -> bytes:
    return data[: int(at * len(data))]


def swap(data: bytes, at: float, size: float) -> bytes:
    begin, end = slices(data, at, size)
    return data[end:] + data[begin:end] + data[:begin]


def twice(data: bytes, at: float, size: float) -> bytes:
    begin, end = slices(data, at, size)
    return data[:end] + data[begin:end] + data[end:]


def putting(what: bytes) -> Callable[[bytes, float, float], bytes]:
    def bend(data: bytes, at: float, size: float) -> bytes:
        begin, end = slices(data, at, size)
        return data[:begin] + what + data[end if size > 0.5 else begin :]

    return bend


BENDS = [
    cut,
    cut_off,
    swap,
    twice,
    *(putting(what) for what in (b"\0", b"\xff\xfe", b"\n", b"\r\n\r\n", b'"', b"\\", b"{", b"]", b"}]")),
    *(putting(what * 5_000) for what in (b"[", b'{"a":', b"9", b'{"content":[', b"```\n", b"\\")),
    *(putting(what) for what in (b"1e999", b"NaN", b"-0", b"null", b"true", b'"\\ud800"', b"[[]]", b"{}")),
    putting(b'"' + b"x" * LARGE + b'"'),
    putting(b"\n## Subagent: agent-x\n\n### [2025-03-01T10:00:00.000Z] User\n\n"),
]


def look(path: Path) -> int:
    """Read a file in every way; return how many events it gave, or -1 where it is refused."""
    try:
        trace.sniff(path)
        tr = trace.read(path)
    except TraceError as error:
        refusal = error
    else:
        return check(tr)
    assert refusal.path is not None
    assert str(refusal.path) in str(refusal)
    assert refusal.hint
    return -1


def check(tr: trace.Trace) -> int:
    """Hold what was read against what everybody relies on; return how many events there are."""
    events = list(tr.events)
    ids = [event.id for event in events]
    assert len(set(ids)) == len(ids)
    for event in events:
        assert event.kind in get_args(EventKind)
        assert type(event.text) is str
        assert event.arguments is None or type(event.arguments) is dict
        assert event.time is None or event.time.tzinfo is not None
        assert event.line >= 1
    for agent in tr.agents.values():
        assert list(agent.events)
        assert type(agent.text) is str
    said = tr.structure
    assert len(said.calls) == sum(event.kind == "tool_call" for event in events)
    for table in (said.calls, said.files, said.commands, said.failures, said.agents, said.usage):
        table.to_frame()
    assert all(type(count) is int for count in tr.skipped.values())
    repr(tr), repr(said), tr._repr_html_()
    return len(events)


@pytest.mark.parametrize("name", NAMES)
@settings(BENT, max_examples=40)
@given(bends=st.lists(st.tuples(st.sampled_from(BENDS), places, places), min_size=1, max_size=4))
def test_bytes_that_are_bent(
    tmp_path_factory: pytest.TempPathFactory, name: str, bends: list[tuple[Any, float, float]]
) -> None:
    path = put(tmp_path_factory.getbasetemp() / "bent", name)
    data = path.read_bytes()
    for bend, at, size in bends:
        data = bend(data, at, size)
    path.write_bytes(data)
    assert look(path) <= len(data)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
# what readers look for, so that a bent value is not only passed over
WORDS = (
    "type",
    "role",
    "content",
    "text",
    "id",
    "name",
    "input",
    "arguments",
    "message",
    "payload",
    "messages",
)
values |= st.dictionaries(st.sampled_from(WORDS), values, max_size=3)


def spots(value: Any) -> list[tuple[Any, Any]]:
    """Return every place in a JSON value: the container and the key."""
    found = []
    waiting = [value]
    while waiting:
        one = waiting.pop()
        keys = one if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else ()
        for key in list(keys):
            found.append((one, key))
            waiting.append(one[key])
    return found


def parsed(data: bytes) -> tuple[list[Any], bool]:
    try:
        return [json.loads(data)], False
    except ValueError:
        return [json.loads(line) for line in data.splitlines()], True


def written(records: list[Any]) -> bytes:
    return b"\n".join(json.dumps(record).encode("utf-8", "surrogatepass") for record in records) + b"\n"


@pytest.mark.parametrize("name", JSON)
@settings(BENT, max_examples=40)
@given(changes=st.lists(st.tuples(places, values), min_size=1, max_size=4))
def test_values_that_are_bent(
    tmp_path_factory: pytest.TempPathFactory, name: str, changes: list[tuple[float, Any]]
) -> None:
    path = put(tmp_path_factory.getbasetemp() / "bent", name)
    records, _ = parsed(path.read_bytes())
    for at, value in changes:
        free = spots(records)
        if free:
            holder, key = free[min(int(at * len(free)), len(free) - 1)]
            holder[key] = value
    path.write_bytes(written(records))
    look(path)


IDS = ("id", "uuid", "parentUuid", "parentObservationId", "call_id", "tool_call_id", "tool_use_id", "epoch")


@pytest.mark.parametrize("name", JSON)
@settings(BENT, max_examples=30)
@given(places=st.lists(st.tuples(places, places), min_size=1, max_size=8))
@example(places=[(place / 8, 0.0) for place in range(9)])
def test_ids_that_repeat_and_parents_in_a_circle(
    tmp_path_factory: pytest.TempPathFactory, name: str, places: list[tuple[float, float]]
) -> None:
    path = put(tmp_path_factory.getbasetemp() / "bent", name)
    records, _ = parsed(path.read_bytes())
    named = [(holder, key) for holder, key in spots(records) if key in IDS]
    for to, of in places if named else ():
        holder, key = named[min(int(to * len(named)), len(named) - 1)]
        other, its = named[min(int(of * len(named)), len(named) - 1)]
        holder[key] = other[its]
    path.write_bytes(written(records))
    look(path)
    tract = Tract.open()
    try:
        with suppress(TraceError):  # what can be imported compiles; what cannot says so
            tract.import_trace(path)
        tract.compile().to_openai()
    finally:
        tract.close()


@settings(BENT, max_examples=40)
@given(bends=st.lists(st.tuples(st.sampled_from(BENDS), places, places), min_size=1, max_size=3))
def test_samples_in_an_archive_that_are_bent(
    tmp_path_factory: pytest.TempPathFactory, bends: list[tuple[Any, float, float]]
) -> None:
    def bent(data: bytes) -> bytes:
        for bend, at, size in bends:
            data = bend(data, at, size)
        return data

    path = put(tmp_path_factory.getbasetemp() / "bent", "inspect, archive")
    path.write_bytes(inspect_archive(bent))
    look(path)


HUGE = 30_000_000
MEASURE = """
import sys
from pathlib import Path
from tract_nb import trace
tr = trace.read(sys.argv[1])
assert len(tr.structure.calls)
(peak,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
print(int(peak.split()[1]) * 1024)
"""


def memory(path: Path) -> int:
    """Return the bytes that a process of its own holds at the most while it reads a file."""
    done = subprocess.run([sys.executable, "-c", MEASURE, path], check=True, capture_output=True, text=True)
    return int(done.stdout)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of one process alone")
@pytest.mark.parametrize("name", JSON)
def test_what_nobody_asked_for_is_not_held(tmp_path: Path, name: str) -> None:
    """A huge value beside the messages costs no memory; a huge line costs a few times its size."""
    path = put(tmp_path, name)
    data = path.read_bytes().rstrip()
    before = memory(path)
    if path.suffix == ".jsonl":
        data += b'\n{"type":"future","blob":"' + b"x" * HUGE + b'"}\n'
    elif data.endswith(b"}"):
        data = data[:-1] + b',"blob":"' + b"x" * HUGE + b'"}'
    else:
        pytest.skip("a bare list of messages has nothing beside them")
    path.write_bytes(data)
    assert memory(path) - before < (5 * HUGE if path.suffix == ".jsonl" else HUGE / 3)
