"""The shipped sample: what its story gives, true to the format, with everything a real session has."""

from __future__ import annotations

import importlib.util
import json
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from tract_nb import samples, trace

Record = dict[str, Any]


def records(path: Path) -> list[Record]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def session() -> list[Record]:
    return records(samples.path())


def blocks(session: list[Record], kind: str) -> list[Record]:
    contents = [record["message"]["content"] for record in session if "message" in record]
    lists = [content for content in contents if isinstance(content, list)]
    return [block for content in lists for block in content if block["type"] == kind]


def agents() -> list[Path]:
    return sorted(samples.path().with_suffix("").glob("subagents/agent-*.jsonl"))


def test_the_files_are_what_the_story_gives(root: Path):
    spec = importlib.util.spec_from_file_location("make_sample", root / "scripts" / "make_sample.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("sys").modules, "make_sample", module)
        spec.loader.exec_module(module)
        told = module.build()
    folder = root / "tract_nb" / "samples"
    kept = {path.relative_to(folder).as_posix() for path in samples.path().parent.rglob("*.json*")}
    assert kept | {"training/csv-export/code_trace.md"} == set(told)
    assert [name for name, text in told.items() if (folder / name).read_text(encoding="utf-8") != text] == []


def test_it_is_small():
    folder = samples.path().parent
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 700_000


def test_every_record_stands_under_one_that_was_before_it(session: list[Record]):
    for conversation in [session, *map(records, agents())]:
        known: set[str | None] = {None}
        for record in conversation:
            if "uuid" in record:
                assert record["parentUuid"] in known
                assert record["uuid"] not in known
                known.add(record["uuid"])


def test_one_rewind(session: list[Record]):
    prompts = defaultdict(list)
    for record in session:
        content = record.get("message", {}).get("content")
        if record["type"] == "user" and isinstance(content, str) and not record.get("isMeta"):
            prompts[record["parentUuid"]].append(content)
    (pair,) = [found for found in prompts.values() if len(found) > 1]
    assert "pandas" in pair[0]
    assert "csv module" in pair[1]


def test_one_compaction(session: list[Record]):
    (boundary,) = [record for record in session if record.get("subtype") == "compact_boundary"]
    (summary,) = [record for record in session if record.get("isCompactSummary")]
    assert boundary["parentUuid"] is None
    assert boundary["logicalParentUuid"] in {record.get("uuid") for record in session}
    assert summary["parentUuid"] == boundary["uuid"]
    assert "worse than no table" in summary["message"]["content"]


def test_three_subagents_whose_answers_came_back_whole(session: list[Record]):
    told = {
        result["toolUseResult"]["agentId"]: result["message"]["content"][0]["content"][0]["text"]
        for result in session
        if "agentId" in (result.get("toolUseResult") or {})
    }
    assert len(told) == len(agents()) == 3
    for path in agents():
        conversation = records(path)
        assert all(record["isSidechain"] for record in conversation)
        final = conversation[-1]["message"]["content"][0]["text"]
        assert told[conversation[0]["agentId"]] == final
        assert json.loads(path.with_suffix(".meta.json").read_text())["agentType"]


def test_failures_of_every_sort(session: list[Record]):
    told = [block["content"] for block in blocks(session, "tool_result") if block.get("is_error")]
    assert [text for text in told if text.startswith("Exit code 1") and "Traceback" not in text]
    assert [text for text in told if text.startswith("<tool_use_error>")]
    assert [text for text in told if "doesn't want to proceed" in text]
    calls = {block["id"] for block in blocks(session, "tool_use")}
    answered = {block["tool_use_id"] for block in blocks(session, "tool_result")}
    assert len(calls - answered) == 1
    assert answered <= calls


def test_usage_is_repeated_within_an_answer_and_grows_over_the_session(session: list[Record]):
    answers = defaultdict(list)
    for record in session:
        if record["type"] == "assistant":
            answers[record["message"]["id"]].append(record["message"]["usage"])
    assert Counter(len(usages) for usages in answers.values())[1] < len(answers)
    for usages in answers.values():
        assert len({usage["cache_read_input_tokens"] for usage in usages}) == 1
        assert usages[-1]["output_tokens"] == max(usage["output_tokens"] for usage in usages)


def test_the_planted_secrets_are_made_up_and_read(session: list[Record]):
    (read,) = [
        block for block in blocks(session, "tool_result") if "GAUGE_TOKEN=" in json.dumps(block["content"])
    ]
    assert re.search(r"ghp_[A-Za-z0-9]{36}\b", read["content"])
    assert "AKIAIOSFODNN7EXAMPLE" in read["content"]


def test_the_training_samples_are_two_and_small():
    found = sorted(path.name for path in samples.training().iterdir() if path.is_dir())
    assert found == ["csv-export", "gauge-timeout"]
    files = [path for path in samples.training().rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 120_000
    assert not [path for path in files if path.name == "code_trace_summary.md"], "they are copied first"


def test_the_trace_of_a_training_sample_says_what_the_session_does():
    session, told = trace.read(samples.path()), trace.read(samples.training() / "csv-export")
    assert told.format == "code_trace"
    assert told.structure.tool_counts == session.structure.tool_counts
    assert len(told.failures) == len(session.failures)
    assert set(told.agents) == set(session.agents)
    assert told.skipped == {}
    shorter = trace.read(samples.training() / "gauge-timeout")
    assert (len(shorter.calls), len(shorter.failures)) == (10, 2)
