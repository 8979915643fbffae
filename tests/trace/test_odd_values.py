"""Values that no record of Claude Code should hold: counted, and nothing beside them is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.trace.helpers import call, record, result
from tract_nb import Tract, trace

Write = Callable[..., Path]

SENSELESS: list[Any] = [-5, 1.5, 2**53, 2**70, "12", True, None, [], {"n": 1}, float("nan")]


@pytest.mark.parametrize("field", ["input_tokens", "output_tokens", "cache_read_input_tokens"])
@pytest.mark.parametrize("value", SENSELESS)
def test_usage_that_makes_no_sense(session: Write, field: str, value: Any) -> None:
    if field.startswith("cache") and value is None:
        return  # a model without a cache
    odd = {"input_tokens": 3, "output_tokens": 5} | {field: value}
    path = session(record("user", "One", "u1", None), record("assistant", "Two", "a1", "u1", usage=odd))
    tr = trace.read(path)
    assert [(event.text, event.usage) for event in tr.events] == [("One", None), ("Two", None)]
    assert tr.skipped == {"usage that makes no sense": 1}
    assert tr.usage.empty


@pytest.mark.parametrize(
    "usage", ["free", 7, [3], True, {"input_tokens": 2**52, "cache_read_input_tokens": 2**52}]
)
def test_usage_of_another_shape(session: Write, usage: Any) -> None:
    tr = trace.read(session(record("assistant", "Two", "a1", None, usage=usage)))
    assert [(event.text, event.usage) for event in tr.events] == [("Two", None)]
    assert tr.skipped == {"usage that makes no sense": 1}


def test_usage_in_whole_floats_is_usage(session: Write) -> None:
    said = {"input_tokens": 3.0, "output_tokens": 5.0, "cache_read_input_tokens": None}
    tr = trace.read(session(record("assistant", "Two", "a1", None, usage=said)))
    (event,) = tr.events
    assert event.usage is not None
    assert [(type(number), number) for number in event.usage] == [
        (int, 3),
        (int, 5),
        (int, 0),
        (int, 0),
        (int, 0),
    ]
    assert tr.skipped == {}


@pytest.mark.parametrize("cost", ["free", -1, True, [], 2**70, float("nan"), float("inf")])
def test_cost_that_makes_no_sense(session: Write, cost: Any) -> None:
    tr = trace.read(session(record("assistant", "Two", "a1", None, costUSD=cost)))
    assert [(event.text, event.cost) for event in tr.events] == [("Two", None)]
    assert tr.skipped == {"cost that makes no sense": 1}
    assert tr.usage["cost"].isna().tolist() == [True]


def test_cost(session: Write) -> None:
    tr = trace.read(session(record("assistant", "Two", "a1", None, costUSD=2)))
    assert [event.cost for event in tr.events] == [2.0]


@pytest.mark.parametrize("kind", ["user", "assistant"])
@pytest.mark.parametrize(
    "odd",
    [None, 7, "bare", [], {}, {"type": None}, {"type": 7}, {"type": ["text"]}, {"type": "text"},
     {"type": "text", "text": 7}, {"type": "text", "text": None}],
)  # fmt: skip
def test_a_block_of_another_shape_costs_the_others_nothing(session: Write, kind: str, odd: Any) -> None:
    good = {"type": "text", "text": "ok"}
    tr = trace.read(session(record(kind, [odd, good, odd], "r1", None)))
    assert [(event.kind, event.text) for event in tr.events] == [("message", "ok")]
    assert tr.skipped == {"block of an unknown shape": 2}


def test_a_record_of_nothing_else_is_counted_too(session: Write) -> None:
    tr = trace.read(
        session(
            record("user", "One", "u1", None),
            record("user", [None], "u2", "u1"),
            record("assistant", [None], "a1", "u2"),
            record("user", "Two", "u3", "a1"),
        )
    )
    assert [(event.id, event.parent) for event in tr.events] == [("u1", None), ("u3", "u1")]
    assert tr.skipped == {"block of an unknown shape": 2}


@pytest.mark.parametrize("odd", [9, 1.5, True, ["x"], {"x": 1}, None])
def test_names_and_ids_are_text(session: Write, odd: Any) -> None:
    made = {"type": "tool_use", "id": odd, "name": odd, "input": {"a": 1}}
    answer = {"type": "tool_result", "tool_use_id": odd, "content": "done"}
    asked = record("assistant", [made], "a1", "u1")
    asked["message"] |= {"id": odd, "model": odd}
    tr = trace.read(session(record("user", "One", "u1", None), asked, record("user", [answer], "u2", "a1")))
    _, started, ended = tr.events
    text = None if odd is None else str(odd)
    assert (started.kind, started.name, started.call_id, started.arguments) == (
        "tool_call",
        text,
        text,
        {"a": 1},
    )
    assert (started.message_id, started.model) == (text, text)
    assert (ended.kind, ended.call_id, ended.text) == ("tool_result", text, "done")
    assert tr.unanswered == ()
    assert tr.calls["answered"].tolist() == [True]
    assert len(tr.usage) == 1
    with Tract.from_trace(tr.path) as tract:
        assert len(tract.log(all=True)) == 3


def test_a_call_without_anything_is_a_call(session: Write) -> None:
    tr = trace.read(session(record("assistant", [{"type": "tool_use"}], "a1", None)))
    (event,) = tr.events
    assert (event.kind, event.name, event.call_id, event.arguments) == ("tool_call", None, None, {})
    assert trace.structure(tr).tool_counts == {"": 1}


def test_record_ids_are_text(session: Write) -> None:
    first, second = record("user", "One", "x", None), record("assistant", "Two", "y", "x")
    first["uuid"], second["uuid"], second["parentUuid"] = 1, 2, 1
    assert [(event.id, event.parent) for event in trace.read(session(first, second)).events] == [
        ("1", None), ("2", "1"),
    ]  # fmt: skip


def test_images_and_results_of_another_shape(session: Write) -> None:
    odd = [{"type": "image", "source": "x"}, {"type": "text"}, None, {"type": "text", "text": "ok"}]
    tr = trace.read(
        session(
            record("assistant", call("Read", "t1"), "a1", None), record("user", result("t1", odd), "u1", "a1")
        )
    )
    assert [event.text for event in tr.events][1].endswith("\nnull\nok")


def test_very_large_numbers_are_exact_and_nothing_is_counted_twice(session: Write) -> None:
    content = [None, *call("Odd", "t1", n=2**80), {"type": "text", "text": ""}]
    tr = trace.read(session(record("assistant", content, "a1", None)))
    (event,) = tr.events
    assert event.arguments == {"n": str(2**80)}
    assert tr.skipped == {"block of an unknown shape": 1, "empty text": 1}


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (7, "record of type 7"), (["x"], 'record of type ["x"]'), (True, "record of type true"),
        (None, "record without a type"), ("", "record without a type"), ("brand-new", "brand-new"),
        ("x" * 500, "x" * 59 + "…"),
    ],
)  # fmt: skip
def test_record_types_by_name(session: Write, kind: Any, says: str) -> None:
    tr = trace.read(
        session(record("user", "One", "u1", None), {"type": kind, "sessionId": "x", "uuid": "n1"})
    )
    assert tr.skipped == {says: 1}


def test_failures_and_commands_are_in_the_order_of_time(session: Write) -> None:
    def at(line: dict[str, Any], minute: int | None) -> dict[str, Any]:
        return line | {"timestamp": None if minute is None else f"2025-03-01T10:{minute:02}:00.000Z"}

    def ran(name: str, asked: int | None, done: int | None, **more: Any) -> list[dict[str, Any]]:
        return [
            at(record("assistant", call("Bash", name, command=name), f"a{name}", None, **more), asked),
            at(record("user", result(name, name, failed=True), f"u{name}", f"a{name}", **more), done),
        ]

    side = {"isSidechain": True, "agentId": "aa"}
    tr = trace.read(
        session(*ran("m1", 9, 10), *ran("m2", None, None), *ran("m3", 1, 8), *ran("s1", 5, 6, **side))
    )
    assert tr.calls["target"].tolist() == ["m1", "m2", "m3", "s1"]
    assert tr.failures["target"].tolist() == ["s1", "m3", "m1", "m2"]
    assert tr.commands["command"].tolist() == ["m3", "s1", "m1", "m2"]
