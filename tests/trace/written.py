"""One small run of an agent, written in every format: an agent mends a tide gauge.

The same few things happen in each, so that what the readers make of them can be compared; and what is
written is small enough to be cut and bent in every way.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ASK, THINK, SAY, DONE = "Mend the gauge.", "Look first.", "I look.", "It reads again."
PATH, TEXT = {"path": "gauge.py"}, "level = 0"
TIMES = [f"2025-03-01T10:00:{second:02}.000Z" for second in range(30)]


def lines(records: Iterable[Any]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def openai() -> list[dict[str, Any]]:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": json.dumps(PATH)}}
    return [
        {"role": "system", "content": "You mend gauges."},
        {"role": "user", "content": [{"type": "text", "text": ASK}]},
        {"role": "assistant", "content": SAY, "reasoning_content": THINK, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": TEXT},
        {"role": "assistant", "content": DONE},
    ]


def anthropic() -> dict[str, Any]:
    return {
        "model": "claude-x",
        "messages": [
            {"role": "user", "content": ASK},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": THINK, "signature": "s"},
                    {"type": "text", "text": SAY},
                    {"type": "tool_use", "id": "c1", "name": "look", "input": PATH},
                ],
            },
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": TEXT}]},
            {"role": "assistant", "content": [{"type": "text", "text": DONE}]},
        ],
        "system": [{"type": "text", "text": "You mend gauges."}],
    }


def envelope(number: int, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
    return {"timestamp": TIMES[number], "type": kind, "payload": payload}


def codex_items() -> list[dict[str, Any]]:
    return [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": ASK}]},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": THINK}], "content": None},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": SAY}]},
        {"type": "function_call", "name": "look", "arguments": json.dumps(PATH), "call_id": "c1"},
        {"type": "function_call_output", "call_id": "c1", "output": TEXT},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": DONE}]},
    ]


def tokens(total: int, last: int) -> dict[str, Any]:
    def figures(count: int) -> dict[str, int]:
        return {"input_tokens": count, "cached_input_tokens": count // 2, "output_tokens": 5}

    return {
        "type": "token_count",
        "info": {"total_token_usage": figures(total), "last_token_usage": figures(last)},
    }


def codex(session: str = "c0de-1", source: Any = "cli") -> list[dict[str, Any]]:
    ask, think, say, call, result, done = codex_items()
    meta = {"id": session, "timestamp": TIMES[0], "cwd": "/code/tide", "source": source}
    return [
        envelope(0, "session_meta", meta),
        envelope(1, "turn_context", {"cwd": "/code/tide", "model": "gpt-x"}),
        envelope(2, "response_item", ask),
        envelope(2, "event_msg", {"type": "user_message", "message": ASK}),
        envelope(3, "event_msg", {"type": "agent_reasoning", "text": THINK}),
        envelope(3, "response_item", think),
        envelope(4, "event_msg", {"type": "agent_message", "message": SAY}),
        envelope(4, "response_item", say),
        envelope(5, "response_item", call),
        envelope(5, "event_msg", tokens(100, 100)),
        envelope(6, "response_item", result),
        envelope(6, "event_msg", tokens(100, 100)),
        envelope(7, "response_item", done),
        envelope(7, "event_msg", {"type": "agent_message", "message": DONE}),
        envelope(7, "event_msg", tokens(220, 120)),
    ]


def swe_agent() -> dict[str, Any]:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": json.dumps(PATH)}}
    acted = {"thought": SAY, "action": "look gauge.py"}
    return {
        "environment": "main",
        "trajectory": [{**acted, "observation": TEXT, "response": SAY, "state": {}}],
        "history": [
            {
                "role": "system",
                "content": "You mend gauges.",
                "agent": "main",
                "message_type": "system_prompt",
            },
            {"role": "user", "content": ASK, "agent": "main", "message_type": "observation"},
            {"role": "assistant", "content": SAY, "agent": "main", **acted, "tool_calls": [call]},
            {"role": "tool", "content": TEXT, "agent": "main", "tool_call_ids": ["c1"]},
            {"role": "assistant", "content": DONE, "agent": "main"},
        ],
        "info": {"exit_status": "submitted", "model_stats": {"api_calls": 2}},
    }


def swe_agent_text() -> dict[str, Any]:
    said = f"{SAY}\n```\nlook gauge.py\n```"
    acted = {"thought": SAY, "action": "look gauge.py", "agent": "main"}
    step = {"action": "look gauge.py", "observation": TEXT, "response": said, "thought": SAY, "state": "{}"}
    last = {"action": "submit", "observation": "diff", "response": "submit", "thought": DONE}
    return {
        "environment": "main",
        "trajectory": [step, last],
        "history": [
            {"role": "user", "content": ASK, "agent": "main"},
            {"role": "assistant", "content": said, **acted},
            {"role": "user", "content": f"{TEXT}\nbash-$", "agent": "main"},
            {"role": "assistant", "content": DONE, "thought": DONE, "action": "submit", "agent": "main"},
        ],
        "info": {},
    }


def langfuse() -> dict[str, Any]:
    system, ask, act, result, done = openai()
    act = {key: act[key] for key in ("role", "content", "tool_calls")}

    def seen(name: str, kind: str, begins: int, given: Any, gave: Any, **more: Any) -> dict[str, Any]:
        ends = 7 if name == "root" else begins + 1
        return {
            "id": name, "type": kind, "name": name, "parentObservationId": "root" if name != "root" else None,
            "startTime": TIMES[begins], "endTime": TIMES[ends], "level": "DEFAULT",
            "input": json.dumps(given), "output": json.dumps(gave), **more,
        }  # fmt: skip

    used = {"model": "gpt-x", "usageDetails": {"input": 100, "output": 5, "total": 105}, "totalCost": 0.25}
    return {
        "trace": {
            "id": "trace-1",
            "projectId": "p",
            "name": "mend",
            "timestamp": TIMES[0],
            "input": json.dumps(ASK),
        },
        "observations": [
            seen("second", "GENERATION", 5, [system, ask, act, result], done, **used),
            seen("root", "SPAN", 0, {"messages": [ask]}, done),
            seen("first", "GENERATION", 1, [system, ask], act, **used),
            seen("look", "TOOL", 3, PATH, TEXT),
        ],
    }


def inspect_sample(number: int = 1) -> dict[str, Any]:
    call = {"id": "c1", "function": "look", "arguments": PATH, "type": "function"}
    long = "0123456789abcdef" * 2
    messages = [
        {"id": "i1", "role": "system", "content": f"attachment://{long}"},
        {"id": "i2", "role": "user", "content": ASK, "source": "input"},
        {
            "id": "i3",
            "role": "assistant",
            "content": [{"type": "reasoning", "reasoning": THINK}, {"type": "text", "text": SAY}],
            "tool_calls": [call],
        },
        {"id": "i4", "role": "tool", "content": TEXT, "tool_call_id": "c1", "function": "look"},
        {"id": "i5", "role": "assistant", "content": DONE},
    ]
    used = {"input_tokens": 60, "input_tokens_cache_read": 40, "output_tokens": 5, "total_tokens": 105}
    events = [
        {
            "event": "model",
            "timestamp": TIMES[1],
            "completed": TIMES[2],
            "model": "openai/gpt-x",
            "output": {
                "model": "gpt-x",
                "choices": [{"message": {"id": "i3"}}],
                "usage": used,
            },
        },
        {"event": "tool", "timestamp": TIMES[3], "completed": TIMES[4], "message_id": "i4"},
    ]
    return {
        "id": number,
        "epoch": 1,
        "input": ASK,
        "messages": messages,
        "events": events,
        "attachments": {long: "You mend gauges."},
    }


def inspect_log() -> dict[str, Any]:
    run = {"eval_id": "e1", "run_id": "r1", "task": "mend", "model": "openai/gpt-x"}
    return {"version": 2, "status": "success", "eval": run, "samples": [inspect_sample(1), inspect_sample(2)]}


def inspect_archive(bent: Callable[[bytes], bytes] = bytes) -> bytes:
    log = inspect_log()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", json.dumps({key: log[key] for key in ("version", "status", "eval")}))
        for sample in log["samples"]:
            archive.writestr(f"samples/{sample['id']}_epoch_1.json", bent(json.dumps(sample).encode()))
    return made.getvalue()


def claude_code() -> list[dict[str, Any]]:
    def record(kind: str, content: Any, number: int, **more: Any) -> dict[str, Any]:
        parent = f"u{number - 1}" if number > 1 else None
        message = {"role": kind, "content": content, **more}
        return {
            "parentUuid": parent, "isSidechain": False, "sessionId": "5e55-0002", "cwd": "/code/tide",
            "type": kind, "message": message, "uuid": f"u{number}", "timestamp": TIMES[number],
        }  # fmt: skip

    used = {"id": "msg_1", "model": "claude-x", "usage": {"input_tokens": 3, "output_tokens": 5}}
    content = anthropic()["messages"]
    return [
        record("user", ASK, 1),
        *(
            record("assistant", [block], 2 + place, **used)
            for place, block in enumerate(content[1]["content"])
        ),
        record("user", content[2]["content"], 5),
        record("assistant", DONE, 6, **{**used, "id": "msg_2"}),
    ]


CODE_TRACE = f"""# Conversation Trace

## Session Metadata

- **Session ID**: 0a0a-1b1b
- **Command**: code
- **Timestamp**: 2025-03-01T09:00:00
- **Worktree**: /code/tide
- **Git Branch**: gauge

## Main Conversation


### [{TIMES[1]}] User

{ASK}


### [{TIMES[2]}] Assistant

**Thinking:**
```
{THINK}
```

{SAY}

**Tool: look**
```json
{json.dumps(PATH, indent=2)}
```


### [{TIMES[3]}] User

**Tool Result** (ID: c1)
```
{TEXT}
```


### [{TIMES[4]}] Assistant

{DONE}
"""

#: the same run in every format: the file's name, and what is in it
WRITTEN: dict[str, tuple[str, bytes]] = {
    "claude_code": ("5e55-0002.jsonl", lines(claude_code())),
    "code_trace": ("code_trace.md", CODE_TRACE.encode()),
    "codex": ("rollout-1.jsonl", lines(codex())),
    "codex, old": (
        "rollout-0.jsonl",
        lines([{"id": "c0de-0", "timestamp": TIMES[0], "instructions": None}, *codex_items()]),
    ),
    "openai_chat": ("chat.json", json.dumps({"messages": openai()}, indent=2).encode()),
    "openai_chat, list": ("list.json", json.dumps(openai()).encode()),
    "openai_chat, messages": ("messages.jsonl", lines(openai())),
    "openai_chat, conversations": ("tuning.jsonl", lines([{"messages": openai()}] * 3)),
    "anthropic_messages": ("request.json", json.dumps(anthropic()).encode()),
    "swe_agent": ("run.traj", json.dumps(swe_agent(), indent=2).encode()),
    "swe_agent, text": ("text.traj", json.dumps(swe_agent_text()).encode()),
    "swe_agent, steps": (
        "steps.traj",
        json.dumps({"environment": "main", "trajectory": swe_agent_text()["trajectory"]}).encode(),
    ),
    "langfuse": ("export.json", json.dumps(langfuse()).encode()),
    "inspect": ("log.json", json.dumps(inspect_log()).encode()),
    "inspect, archive": ("log.eval", inspect_archive()),
}


def put(folder: Path, name: str) -> Path:
    """Write one of the formats into a folder of its own."""
    file, data = WRITTEN[name]
    path = folder / name.replace(", ", "-") / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
