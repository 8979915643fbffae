"""Write the sample session: a coding agent's session in Claude Code's own format, from a story.

The story stands in ``scripts/sample_story``: ``story.py`` says who did what, ``repo/`` is the imagined
project as it is at the start, ``outputs/`` what its commands printed. This module knows the format: it
keeps the project's files as the agent changes them, so that what is read, searched and edited agrees, and
gives out ids, times and usage. The same story gives the same bytes. The same session as a code_trace.md is
the trace of a training sample, whose other files stand beside it as they are.
"""

from __future__ import annotations

import argparse
import base64
import fnmatch
import hashlib
import json
import random
import re
import string
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
STORY = ROOT / "scripts" / "sample_story"
TARGET = ROOT / "tract_nb" / "samples"

CWD = "/home/mara/src/tidepool"
PROJECT = re.sub(r"[^A-Za-z0-9]", "-", CWD)
SESSION = "5f0c2b1e-7a44-4d0b-9c3e-2d6a81f4b907"
START = datetime(2026, 3, 17, 8, 12, 4, 113_000, tzinfo=UTC)
VERSION = "2.1.19"
SONNET = "claude-sonnet-4-5-20250929"
HAIKU = "claude-haiku-4-5-20251001"

REJECTED = (
    "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it was a file "
    "edit, the new_string was NOT written to the file). To tell you how to proceed, the user said:\n{}"
)
LETTERS = string.ascii_letters + string.digits
Record = dict[str, Any]


@dataclass
class Say:
    """A text of the agent's."""

    text: str


@dataclass
class Think:
    """A thought of the agent's."""

    text: str


@dataclass
class Call:
    """A tool call with its result; without one if it was never answered.

    Parameters
    ----------
    name, arguments
        The call.
    content
        What the model was told; None for a call without an answer.
    display
        The copy that the terminal shows, ``toolUseResult``.
    error : bool
        Whether the result reports a failure.
    seconds : float
        How long it took.
    progress : list of dict
        What the terminal was told meanwhile.
    """

    name: str
    arguments: Record
    content: Any = None
    display: Any = None
    error: bool | None = None
    seconds: float = 0.4
    progress: list[Record] = field(default_factory=list)


@dataclass
class Task(Call):
    """A call that starts a subagent; what it does and answers is told by a script.

    Parameters
    ----------
    script : callable
        Given the subagent's conversation, tells it and returns the final answer.
    model : str
        The subagent's model.
    """

    script: Callable[[Conversation], str] = lambda _: ""
    model: str = ""


Block = Say | Think | Call


class World:
    """What all conversations of the session share: files, clock, chance."""

    def __init__(self) -> None:
        self.chance = random.Random(20260317)  # noqa: S311  # ids of a story, no secrets
        self.now = START
        self.files = {
            name_of(path): path.read_text(encoding="utf-8")
            for path in sorted((STORY / "repo").rglob("*"))
            if path.is_file()
        }
        self.todos: list[Record] = []
        self.backups: Record = {}
        self.printed = 0
        self.agents: dict[str, tuple[Conversation, Record]] = {}

    def uuid(self) -> str:
        """Return a fresh record id."""
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def token(self, prefix: str, length: int) -> str:
        """Return a fresh id of the provider's."""
        return prefix + "".join(self.chance.choices(LETTERS, k=length))

    def wait(self, seconds: float) -> None:
        """Let time pass, never quite as long as said."""
        self.now += timedelta(milliseconds=int(seconds * 1000 * self.chance.uniform(0.8, 1.2)) + 1)

    def time(self) -> str:
        """Return the time as the format writes it."""
        return self.now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{self.now.microsecond // 1000:03d}Z"

    # The tools. Each returns a call with the result it had.

    def read(self, path: str, offset: int = 1, limit: int | None = None) -> Call:
        """Read a file, or learn that there is none."""
        arguments: Record = {"file_path": f"{CWD}/{path}"}
        if limit is not None:
            arguments |= {"offset": offset, "limit": limit}
        if path not in self.files:
            return failure("Read", arguments, "File does not exist.")
        lines = self.files[path].splitlines()
        part = lines[offset - 1 :][:limit]
        text = "\n".join(f"{number:6d}→{line}" for number, line in enumerate(part, offset))
        file = {
            "filePath": f"{CWD}/{path}",
            "content": "\n".join(part) + "\n",
            "numLines": len(part),
            "startLine": offset,
            "totalLines": len(lines),
        }
        return Call("Read", arguments, text, {"type": "text", "file": file}, seconds=0.2)

    def edit(self, path: str, old: str, new: str) -> Call:
        """Replace a text in a file, or learn that it is not there."""
        arguments = {"file_path": f"{CWD}/{path}", "old_string": old, "new_string": new, "replace_all": False}
        before = self.files[path]
        if before.count(old) != 1:
            return failure("Edit", arguments, f"String to replace not found in file.\nString: {old}")
        self.files[path] = before.replace(old, new)
        self.remember(path)
        display = {
            "filePath": f"{CWD}/{path}",
            "oldString": old,
            "newString": new,
            "originalFile": before,
            "structuredPatch": [hunk(before, old, new)],
            "userModified": False,
            "replaceAll": False,
        }
        return Call("Edit", arguments, f"The file {CWD}/{path} has been updated successfully.", display)

    def write(self, path: str, text: str) -> Call:
        """Write a file anew."""
        arguments = {"file_path": f"{CWD}/{path}", "content": text}
        before = self.files.get(path)
        self.files[path] = text
        self.remember(path)
        done = "File created successfully at: " if before is None else "The file has been updated: "
        display: Record = {
            "type": "create" if before is None else "update",
            "filePath": f"{CWD}/{path}",
            "content": text,
            "structuredPatch": [],
            "originalFile": before,
        }
        return Call("Write", arguments, f"{done}{CWD}/{path}", display)

    def grep(self, pattern: str, glob: str | None = None, mode: str = "content") -> Call:
        """Search the files."""
        arguments: Record = {"pattern": pattern, "path": CWD, "output_mode": mode}
        if glob:
            arguments["glob"] = glob
        if mode == "content":
            arguments["-n"] = True
        found = [
            (path, number, line)
            for path, text in sorted(self.files.items())
            if not glob or fnmatch.fnmatch(path, glob)
            for number, line in enumerate(text.splitlines(), 1)
            if re.search(pattern, line)
        ]
        names = list(dict.fromkeys(path for path, _, _ in found))
        if mode == "content":
            content = "\n".join(f"{path}:{number}:{line}" for path, number, line in found)
            display = {
                "mode": mode,
                "numFiles": 0,
                "filenames": [],
                "content": content,
                "numLines": len(found),
            }
        else:
            content = f"Found {len(names)} files\n" + "\n".join(names)
            display = {"mode": mode, "filenames": names, "numFiles": len(names)}
        return Call("Grep", arguments, content if found else "No matches found", display, seconds=0.3)

    def glob(self, pattern: str) -> Call:
        """List files."""
        names = [f"{CWD}/{path}" for path in sorted(self.files) if fnmatch.fnmatch(path, pattern)]
        display = {"filenames": names, "durationMs": 31, "numFiles": len(names), "truncated": False}
        return Call("Glob", {"pattern": pattern}, "\n".join(names) or "No files found", display, seconds=0.2)

    def bash(self, command: str, description: str, output: str | None = None, seconds: float = 1.6) -> Call:
        """Run a command: with this output, or with the next of ``outputs/``."""
        arguments = {"command": command, "description": description}
        if output is None:
            code, _, output = self.recorded(description).partition("\n")
        else:
            code = "0"
        output = output.rstrip("\n")
        if code != "0":
            text = f"Exit code {code}\n{output}"
            return Call("Bash", arguments, text, f"Error: {text}", error=True, seconds=seconds)
        display = {"stdout": output, "stderr": "", "interrupted": False, "isImage": False}
        return Call("Bash", arguments, output, display, error=False, seconds=seconds)

    def recorded(self, description: str) -> str:
        """Return what the next command printed, its exit code in the first line."""
        self.printed += 1
        words = re.sub(r"[^a-z0-9]+", "-", description.lower()).strip("-")
        return (STORY / "outputs" / f"{self.printed:02d}-{words}.txt").read_text(encoding="utf-8")

    def todo(self, *items: str) -> Call:
        """Rewrite the to-do list: ``[x] done``, ``[>] doing``, ``[ ] to do``."""
        states = {"x": "completed", ">": "in_progress", " ": "pending"}
        new = [
            {"content": item[4:], "status": states[item[1]], "activeForm": active(item[4:])} for item in items
        ]
        old, self.todos = self.todos, new
        text = (
            "Todos have been modified successfully. Ensure that you continue to use the todo list to track "
            "your progress. Please proceed with the current tasks if applicable"
        )
        return Call("TodoWrite", {"todos": new}, text, {"oldTodos": old, "newTodos": new}, seconds=0.1)

    def remember(self, path: str) -> None:
        """Note that the file's first version was kept, as the harness does."""
        version = self.backups.get(path, {}).get("version", 0) + 1
        name = hashlib.sha256(path.encode()).hexdigest()[:16]
        self.backups[path] = {
            "backupFileName": f"{name}@v{version}",
            "version": version,
            "backupTime": self.time(),
        }


class Conversation:
    """One file of the session: the main conversation, or a subagent's."""

    def __init__(self, world: World, *, model: str = SONNET, agent: str | None = None) -> None:
        self.world = world
        self.model = model
        self.agent = agent
        self.records: list[Record] = []
        self.tip: str | None = None
        self.sizes: dict[str, int] = {}
        self.size = 18_230 if agent is None else 9_410  # the harness's own prompt and tools, in tokens
        self.cached = 0
        self.calls = 0
        self.slug: str | None = None
        self.began = world.now

    # Records

    def add(self, record: Record, *, parent: str | None = None, root: bool = False) -> str:
        """Append a record of the tree and make it the tip."""
        identity = self.world.uuid()
        head: Record = {
            "parentUuid": None if root else parent or self.tip,
            "isSidechain": self.agent is not None,
            "userType": "external",
            "cwd": CWD,
            "sessionId": SESSION,
            "version": VERSION,
            "gitBranch": "csv-export",
        }
        if self.agent is not None:
            head["agentId"] = self.agent
        if self.slug:
            head["slug"] = self.slug
        self.records.append({**head, **record, "uuid": identity, "timestamp": self.world.time()})
        self.tip = identity
        self.sizes[identity] = self.size
        return identity

    def snapshot(self, message: str) -> None:
        """Append the harness's note of the files it has backups of; no part of the tree."""
        snap = {"messageId": message, "trackedFileBackups": dict(self.world.backups)}
        snap["timestamp"] = self.world.time()
        record = {"messageId": message, "snapshot": snap, "isSnapshotUpdate": False}
        self.records.append({"type": "file-history-snapshot", **record})

    def queue(self, operation: str, text: str | None = None) -> None:
        """Append what was typed while the agent was busy; no part of the tree."""
        record = {"type": "queue-operation", "operation": operation, "timestamp": self.world.time()}
        record["sessionId"] = SESSION
        self.records.append({**record, "content": text} if text else record)

    def user(self, content: Any, **more: Any) -> str:
        """Append a user record."""
        self.size += tokens(content)
        return self.add({"type": "user", "message": {"role": "user", "content": content}, **more})

    def prompt(self, text: str, pause: float = 60, *, under: str | None = None) -> str:
        """Append what the person typed; returns the record that it stands under."""
        self.world.wait(pause)
        if under is not None:
            self.tip, self.size = under, self.sizes[under]
            self.cached = min(self.cached, self.size)
        above = self.tip or ""
        place = len(self.records)
        extra: Record = {"thinkingMetadata": {"maxThinkingTokens": 31_999}, "todos": list(self.world.todos)}
        message = self.user(text, **extra, permissionMode="acceptEdits")
        self.snapshot(message)
        self.records.insert(place, self.records.pop())
        self.began = self.world.now
        return above

    def hook(self, event: str, command: str) -> None:
        """Append a hook's progress."""
        use = self.world.uuid()
        data = {"type": "hook_progress", "hookEvent": event, "hookName": event, "command": command}
        self.add({"type": "progress", "data": data, "parentToolUseID": use, "toolUseID": use})

    def done(self) -> None:
        """Append how long the turn took."""
        self.world.wait(0.1)
        spent = int((self.world.now - self.began).total_seconds() * 1000)
        self.add({"type": "system", "subtype": "turn_duration", "durationMs": spent, "isMeta": False})

    def interrupted(self) -> None:
        """Append that the person stopped the agent."""
        self.world.wait(2)
        self.user([{"type": "text", "text": "[Request interrupted by user]"}])

    def answer(self, *blocks: Block, pause: float = 4.0) -> None:
        """Append one reply, a record for each block, all with its id and usage; then the results."""
        world = self.world
        message, request = world.token("msg_01", 22), world.token("req_011C", 20)
        fresh = self.size - self.cached
        written = sum(tokens(payload(block)) for block in blocks) + 6
        usage: Record = {
            "input_tokens": world.chance.choice([3, 4, 6, 8]),
            "cache_creation_input_tokens": fresh,
            "cache_read_input_tokens": self.cached,
            "cache_creation": {"ephemeral_5m_input_tokens": fresh, "ephemeral_1h_input_tokens": 0},
            "output_tokens": written,
            "service_tier": "standard",
        }
        self.cached, self.size = self.size, self.size + written
        waiting: list[tuple[Call, str, str]] = []
        for number, block in enumerate(blocks, 1):
            world.wait(pause if number == 1 else 0.9)
            # the harness writes a record as soon as its block is complete, with the usage known by then
            so_far = usage if number == len(blocks) else {**usage, "output_tokens": min(written, 2 + number)}
            content = payload(block)
            if isinstance(block, Call):
                content["id"] = world.token("toolu_01", 22)
            body = {
                "model": self.model,
                "id": message,
                "type": "message",
                "role": "assistant",
                "content": [content],
                "stop_reason": None,
                "stop_sequence": None,
                "usage": so_far,
            }
            place = self.add({"message": body, "requestId": request, "type": "assistant"})
            self.slug = self.slug or (None if self.agent else "ebbing-salty-lantern")
            if isinstance(block, Call):
                self.calls += 1
                waiting.append((block, content["id"], place))
        self.run([call for call, _, _ in waiting if isinstance(call, Task)])
        for call, identity, place in waiting:
            self.result(call, identity, place)

    def run(self, tasks: list[Task]) -> None:
        """Let subagents work, all from now on; the clock then stands at the last one's end."""
        world = self.world
        start = end = world.now
        for task in tasks:
            world.now = start
            world.wait(1.5)
            identity = f"a{world.chance.getrandbits(64):016x}"
            agent = Conversation(world, model=task.model or SONNET, agent=identity)
            meta = {
                "agentType": task.arguments["subagent_type"],
                "description": task.arguments["description"],
            }
            world.agents[identity] = (agent, meta)
            agent.user(task.arguments["prompt"])
            final = task.script(agent)
            agent.answer(Say(final), pause=9)
            task.content, task.display, task.progress = agent.report(task.arguments["prompt"], final)
            end = max(end, world.now)
        world.now = end

    def report(self, prompt: str, final: str) -> tuple[list[Record], Record, list[Record]]:
        """Return what the caller of this subagent is told, shown at the end, and shown meanwhile."""
        spent = int((self.world.now - self.began).total_seconds() * 1000)
        closing = (
            f"agentId: {self.agent} (for resuming to continue this agent's work if needed)\n"
            f"<usage>total_tokens: {self.size}\ntool_uses: {self.calls}\nduration_ms: {spent}</usage>"
        )
        texts = [{"type": "text", "text": final}, {"type": "text", "text": closing}]
        display = {
            "status": "completed",
            "prompt": prompt,
            "agentId": self.agent,
            "content": texts[:1],
            "totalDurationMs": spent,
            "totalTokens": self.size,
            "totalToolUseCount": self.calls,
        }
        progress = [
            {"type": "agent_progress", "prompt": "", "agentId": self.agent, "message": shown(record)}
            for record in self.records
            if record["type"] == "assistant" and record["message"]["content"][0]["type"] == "tool_use"
        ]
        return texts, display, progress[:3]

    def result(self, call: Call, identity: str, place: str) -> None:
        """Append a call's progress and its result, both under the call."""
        if call.content is None:
            self.tip = place
            return
        for data in call.progress:
            self.add(
                {
                    "type": "progress",
                    "data": data,
                    "toolUseID": self.world.token("agent_msg_01", 22),
                    "parentToolUseID": identity,
                },
                parent=place,
            )
        self.world.wait(call.seconds)
        block: Record = {"tool_use_id": identity, "type": "tool_result", "content": call.content}
        if call.error is not None:
            block["is_error"] = call.error
        self.size += tokens(call.content)
        message = {"role": "user", "content": [block]}
        record: Record = {"type": "user", "message": message}
        if call.display is not None:
            record["toolUseResult"] = call.display
        self.add({**record, "sourceToolAssistantUUID": place}, parent=place)

    def compact(self, words: str, summary: str) -> None:
        """Replace the conversation by a summary, at the person's command ``/compact words``."""
        last, before = self.tip, self.size
        self.world.wait(48)
        boundary: Record = {"logicalParentUuid": last, "type": "system", "subtype": "compact_boundary"}
        boundary |= {"content": "Conversation compacted", "isMeta": False, "level": "info"}
        self.add({**boundary, "compactMetadata": {"trigger": "manual", "preTokens": before}}, root=True)
        self.size, self.cached = 18_230, 15_104  # the harness's own part is still in the provider's cache
        self.user(summary, isVisibleInTranscriptOnly=True, isCompactSummary=True)
        caveat = "Caveat: The messages below were generated by the user while running local commands."
        self.user(f"<local-command-caveat>{caveat}</local-command-caveat>", isMeta=True)
        name = "<command-name>/compact</command-name>\n<command-message>compact</command-message>\n"
        self.user(f"{name}<command-args>{words}</command-args>")
        self.user("<local-command-stdout>Compacted (ctrl+o to see full summary)</local-command-stdout>")


def name_of(path: Path) -> str:
    """Return the name that a file of ``repo/`` has in the story."""
    name = path.relative_to(STORY / "repo").as_posix()
    return ".env" if name == "env.txt" else name


def task(
    kind: str, description: str, prompt: str, script: Callable[[Conversation], str], model: str = ""
) -> Task:
    """Return a call that starts a subagent."""
    arguments = {"description": description, "prompt": prompt, "subagent_type": kind}
    return Task("Task", arguments, seconds=0.6, script=script, model=model)


def failure(name: str, arguments: Record, text: str) -> Call:
    """Return a call that the tool refused."""
    told = f"<tool_use_error>{text}</tool_use_error>"
    return Call(name, arguments, told, f"Error: {text}", error=True, seconds=0.1)


def rejected(call: Call, words: str) -> Call:
    """Return the call as one that the person did not allow, with what was said instead."""
    text = REJECTED.format(words)
    return Call(call.name, call.arguments, text, f"Error: {text}", error=True, seconds=21)


def unanswered(call: Call) -> Call:
    """Return the call as one that never came back."""
    return Call(call.name, call.arguments)


def payload(block: Block) -> Record:
    """Return a block of the reply as the format has it."""
    if isinstance(block, Say):
        return {"type": "text", "text": block.text}
    if isinstance(block, Think):
        signature = base64.b64encode(hashlib.sha512(block.text.encode()).digest()).decode()
        return {"type": "thinking", "thinking": block.text, "signature": signature}
    return {"type": "tool_use", "id": "", "name": block.name, "input": block.arguments}


def shown(record: Record) -> Record:
    """Return a subagent's record as the main conversation's progress shows it."""
    return {key: record[key] for key in ("type", "message", "uuid", "timestamp")}


def tokens(content: Any) -> int:
    """Return about how many tokens a content takes."""
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    return len(text) * 10 // 34 + 4


def hunk(before: str, old: str, new: str) -> Record:
    """Return the patch of one replacement, without context lines."""
    line = before[: before.index(old)].count("\n") + 1
    removed, added = old.splitlines(), new.splitlines()
    head = {"oldStart": line, "oldLines": len(removed), "newStart": line, "newLines": len(added)}
    return {**head, "lines": [f"-{text}" for text in removed] + [f"+{text}" for text in added]}


def active(task: str) -> str:
    """Return a to-do item as what somebody is doing."""
    verb, _, rest = task.partition(" ")
    stem = verb.removesuffix("e")
    return f"{stem}{stem[-1] if verb in {'Run', 'Let'} else ''}ing {rest}"


def code_trace(main: Conversation) -> str:
    """Return the whole session as the code_trace.md of a training sample."""
    facts = {
        "Session ID": SESSION,
        "Command": "code",
        "Timestamp": START.replace(tzinfo=None).isoformat(),
        "Worktree": CWD,
        "Git Branch": "csv-export",
    }
    top = ["# Conversation Trace", "## Session Metadata"]
    top += ["\n".join(f"- **{name}**: {value}" for name, value in facts.items()), "## Main Conversation"]
    parts = [*top, *told(main.records)]
    for identity, (agent, _) in main.world.agents.items():
        parts += [f"## Subagent: agent-{identity}", *told(agent.records)]
    return "\n\n".join(parts) + "\n"


def told(records: list[Record]) -> list[str]:
    """Return messages as a code_trace.md has them; what else a session notes is not in one."""
    return [
        f"### [{record['timestamp']}] {record['type'].capitalize()}\n\n{body(record['message']['content'])}"
        for record in records
        if record["type"] in {"user", "assistant"}
    ]


def body(content: Any) -> str:
    """Return the content of a message as a code_trace.md has it."""
    if isinstance(content, str):
        return content
    parts = []
    for block in content:
        if block["type"] == "text":
            parts.append(block["text"])
        elif block["type"] == "thinking":
            parts.append(f"**Thinking:**\n{fenced(block['thinking'])}")
        elif block["type"] == "tool_use":
            given = json.dumps(block["input"], indent=2, ensure_ascii=False)
            parts.append(f"**Tool: {block['name']}**\n{fenced(given, 'json')}")
        else:
            result = block["content"]
            text = shortened(result) if isinstance(result, str) else repr(result)
            parts.append(f"**Tool Result** (ID: {block['tool_use_id']})\n{fenced(text)}")
    return "\n\n".join(parts)


def fenced(text: str, language: str = "") -> str:
    """Return a text between fences, nothing in it escaped: that is the format."""
    return f"```{language}\n{text}\n```"


def shortened(text: str) -> str:
    """Return a result as its beginning and its end."""
    cut = len(text) - 200
    return text if cut <= 0 else f"{text[:50]}[... {cut} chars truncated ...]{text[-150:]}"


def lines(records: list[Record]) -> str:
    """Return records as JSON lines."""
    return "".join(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n" for record in records)


def build() -> dict[str, str]:
    """Tell the story and return the sample's files, each by its path."""
    sys.modules.setdefault("make_sample", sys.modules[__name__])  # the name by which the story knows it
    sys.path.insert(0, str(STORY))
    try:
        from story import tell  # noqa: PLC0415  # stands beside this script, in no package
    finally:
        sys.path.remove(str(STORY))
    main = Conversation(World())
    tell(main)
    found = {f"{PROJECT}/{SESSION}.jsonl": lines(main.records)}
    for identity, (agent, meta) in main.world.agents.items():
        stem = f"{PROJECT}/{SESSION}/subagents/agent-{identity}"
        found[f"{stem}.jsonl"] = lines(agent.records)
        found[f"{stem}.meta.json"] = json.dumps(meta, separators=(",", ":")) + "\n"
    found["training/csv-export/code_trace.md"] = code_trace(main)
    return found


def main() -> int:
    """Write the sample, or check that it is what the story gives."""
    parser = argparse.ArgumentParser(description="Write the sample session from its story.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file differs")
    check = parser.parse_args().check
    wrong = 0
    for name, text in build().items():
        path = TARGET / name
        if check:
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                print(f"differs: {name}")
                wrong = 1
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        print(f"{len(text.encode()) / 1024:6.0f} KB  {name}")
    return wrong


if __name__ == "__main__":
    raise SystemExit(main())
