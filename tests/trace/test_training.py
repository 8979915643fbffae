"""Training samples: parts strictly read, the summary made once, never the whole trace in its place."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from tests.llm.fakes import Fake
from tests.trace.helpers import TOP, said
from tract_nb import trace
from tract_nb.errors import CallCancelledError, ModelError, TractError, TrainingDataLoadError
from tract_nb.model.training import TrainingSample
from tract_nb.summaries.batch import INPUTS, LoadTable, SampleTable

REVIEW = "The cache is never invalidated when a tide table changes on disk."
SECRET = "ghp_" + "a1B2" * 9
TRACE = (
    TOP
    + said("User", "Please review\nthe cache of the   tide tables.")
    + said("Assistant", f"Done. The review said: {REVIEW}", 1)
    + said("User", "Thanks. " * 200, 2)
)
TOLD = f"<narrative>\n## Feedback\n\n> {REVIEW}\n> Nobody ever said this sentence here.\n</narrative>"
JUDGE = {"judge_name": "reuse", "weight": 0.4, "score": 0.5, "feedback": "### Fine\n\nIt reuses."}
OTHER = {"judge_name": "plan", "weight": 0.6, "score": 1.0, "feedback": "As planned."}
SUITE = {
    "command": "make test",
    "exit_code": 1,
    "total_tests": 12,
    "passed_tests": 10,
    "failed_tests": 2,
    "failed_test_details": [{"name": "test_cache", "why": "stale"}, "test_disk"],
    "summary": "Two fail.",
    "recommended_fix": "",
}
FILES: dict[str, Any] = {
    "code_trace.md": TRACE,
    "plan.md": "---\nplan_id: cache\n---\n\nInvalidate the cache.\n",
    "human_feedback.md": "It forgot the disk.\n",
    "judge_reuse.json": JUDGE,
    "judge_reuse.md": "# Judge: reuse, told again\n",
    "judge_plan.json": OTHER,
    "test_results_before.json": SUITE,
    "test_results_after.json": {**SUITE, "exit_code": 0, "passed_tests": 12, "failed_tests": 0},
    "metadata.json": {
        "tool": "claude-code",
        "model": "opus",
        "recorded_at": "2026-03-17T09:00:00Z",
        "prompt_fingerprint": "16b06dd1",
        "eval_fingerprint": "3d55fe1e",
    },
    "prompts/main.md": "Follow the plan.\n",
    "prompts/review/auditor.md": "Find faults.\n",
}
Write = Callable[..., Path]


def put(folder: Path, files: dict[str, Any]) -> Path:
    """Write a sample's files; None leaves one out."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, given in files.items():
        if given is None:
            continue
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = given if isinstance(given, str | bytes) else json.dumps(given)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


@pytest.fixture(autouse=True)
def around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACT_NB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DSPY_CACHEDIR", str(tmp_path / "dspy"))


@pytest.fixture
def sample(tmp_path: Path) -> Write:
    """Write a sample, some of its files otherwise; None leaves one out."""

    def write(name: str = "cache", **changed: Any) -> Path:
        by_name = {name.replace("__", "/").replace("_DOT_", "."): given for name, given in changed.items()}
        return put(tmp_path / "samples" / name, FILES | by_name)

    return write


def load(folder: Path, **options: Any) -> TrainingSample:
    return trace.load_training_sample(folder, "m1", **{"llm": Fake(TOLD), **options})


# One sample ------------------------------------------------------------------------------------------


def test_every_part_is_in_its_field(sample: Write) -> None:
    folder = sample()
    found = load(folder)
    assert (found.plan_id, found.folder) == ("cache", folder)
    assert found.plan == FILES["plan.md"]
    assert found.human_feedback == "It forgot the disk.\n"
    assert found.prompts == {"main": "Follow the plan.\n", "review/auditor": "Find faults.\n"}
    assert (found.tool, found.model) == ("claude-code", "opus")
    assert (found.prompt_fingerprint, found.eval_fingerprint) == ("16b06dd1", "3d55fe1e")
    assert found.metadata == {"recorded_at": "2026-03-17T09:00:00Z"}
    assert [judge.name for judge in found.judges] == ["plan", "reuse"]
    assert found.score == pytest.approx(0.6 * 1.0 + 0.4 * 0.5)
    assert found.missing == ()
    assert found.secrets_replaced == 0


def test_judges_and_tests_as_readable_text(sample: Write) -> None:
    found = load(sample())
    assert found.judge_results == (
        "## plan: 1.00 (weight 0.60)\n\nAs planned.\n\n## reuse: 0.50 (weight 0.40)\n\n### Fine\n\nIt reuses."
    )
    before, after = found.tests_before, found.tests_after
    assert before is not None
    assert after is not None
    assert (before.command, before.exit_code, before.total, before.passed, before.failed) == (
        "make test",
        1,
        12,
        10,
        2,
    )
    assert before.text == (
        "10 of 12 passed (`make test`, exit code 1)\n\n"
        "Failed test details:\n- name: test_cache; why: stale\n- test_disk\n\nSummary: Two fail."
    )
    assert after.line == "12 of 12 passed"


def test_code_trace_is_the_summary_without_its_front_matter(sample: Write) -> None:
    folder = sample()
    found = load(folder)
    written = (folder / "code_trace_summary.md").read_text()
    assert found.code_trace_from == "summary"
    assert found.code_trace.startswith("# Trace summary\n")
    assert written.endswith(found.code_trace + "\n")
    assert f"> {REVIEW} [main, line " in found.code_trace
    assert "Nobody ever said" not in found.code_trace
    assert found.summary is not None
    assert (found.summary.quotes, found.summary.quotes_verbatim) == (2, 1)
    assert found.summary.share_verbatim == 0.5
    assert found.summary.model == "m1"
    assert found.summary.cost == pytest.approx(0.001)
    assert found.trace_size == len(TRACE.encode())
    assert found.code_trace_size == len(found.code_trace.encode())


def test_a_summary_is_made_once_and_again_when_asked_for(sample: Write) -> None:
    folder, llm = sample(), Fake(TOLD)
    made = [load(folder, llm=llm) for _ in range(3)]
    assert [one.summary.is_new for one in made if one.summary] == [True, False, False]
    assert len(llm.sent) == 1
    assert made[0].code_trace == made[2].code_trace
    again = load(folder, llm=llm, regenerate=True)
    assert again.summary is not None
    assert again.summary.is_new
    assert len(llm.sent) == 2
    (folder / "code_trace.md").write_text(TRACE + said("User", "One more thing.", 9))
    load(folder, llm=llm)
    assert len(llm.sent) == 3, "a summary of another trace does not hold"


def test_a_summary_of_another_tool_is_taken_while_it_is_newer(sample: Write) -> None:
    folder = sample(code_trace_summary_DOT_md="---\nmodel: 3\ncost: cheap\n---\nBy hand.\n")
    summary = folder / "code_trace_summary.md"
    os.utime(summary, (2_000_000_000, 2_000_000_000))
    found = load(folder, llm=Fake(AssertionError("nobody is asked")))
    assert (found.code_trace, found.code_trace_from) == ("By hand.", "summary")
    assert found.summary is not None
    assert (found.summary.model, found.summary.cost, found.summary.is_new) == (None, None, False)
    os.utime(summary, (1, 1))
    assert "By hand." not in load(folder).code_trace


def test_a_summary_whose_trace_is_gone_is_taken(sample: Write) -> None:
    folder = sample()
    first = load(folder)
    (folder / "code_trace.md").unlink()
    found = load(folder, llm=Fake(AssertionError("nobody is asked")))
    assert found.code_trace == first.code_trace
    assert (found.trace_size, found.missing) == (0, ("code_trace.md",))


def test_the_structure_alone_asks_nobody_and_says_so(sample: Write) -> None:
    found = load(sample(), narrative=False, llm=Fake(AssertionError("nobody is asked")))
    assert found.code_trace_from == "structure"
    assert "no model has read the trace" in found.code_trace
    assert REVIEW not in found.code_trace


def test_the_whole_trace_only_where_summaries_are_off(sample: Write) -> None:
    folder = sample()
    found = load(folder, summaries=False, llm=Fake(AssertionError("nobody is asked")))
    assert (found.code_trace, found.code_trace_from) == (TRACE, "trace")
    assert found.trace_size == found.code_trace_size
    assert found.summary is None
    assert not (folder / "code_trace_summary.md").exists()
    load(folder)
    assert load(folder, summaries=False).code_trace == TRACE, "also where a summary is there"


@pytest.mark.parametrize("options", [{}, {"summaries": False}, {"narrative": False}])
def test_no_trace_is_an_empty_text(sample: Write, options: dict[str, Any]) -> None:
    folder = sample(code_trace_DOT_md=None)
    found = load(folder, llm=Fake(AssertionError("nobody is asked")), **options)
    assert (found.code_trace, found.code_trace_from) == ("", "none")
    assert (found.trace_size, found.code_trace_size) == (0, 0)
    assert "code_trace.md" in found.missing


@pytest.mark.parametrize(
    "trouble",
    [ModelError("The model is busy.", "Wait a minute."), RuntimeError("my own llm broke"), OSError("gone")],
)
def test_a_summary_that_fails_fails_the_sample(sample: Write, trouble: Exception) -> None:
    folder = sample()
    with pytest.raises(TrainingDataLoadError) as caught:
        load(folder, llm=Fake(trouble))
    error = caught.value
    assert error.__cause__ is trouble
    assert isinstance(error, TractError)
    assert str(folder / "code_trace.md") in error.message
    assert str(trouble).splitlines()[0] in error.message
    assert "narrative=False" in error.hint
    assert getattr(trouble, "hint", "") in error.hint
    assert not (folder / "code_trace_summary.md").exists()


@pytest.mark.parametrize("text", ["", "no trace at all\n", TOP])
def test_a_trace_that_cannot_be_read_fails_the_sample(sample: Write, text: str) -> None:
    folder = sample(code_trace_DOT_md=text)
    with pytest.raises(TrainingDataLoadError) as caught:
        load(folder)
    assert caught.value.path == folder / "code_trace.md"
    assert caught.value.message.count("code_trace.md") == 1


def test_an_interrupt_is_no_error_of_the_sample(sample: Write) -> None:
    with pytest.raises(KeyboardInterrupt):
        load(sample(), llm=Fake(KeyboardInterrupt()))


def test_a_call_that_somebody_ended_is_no_error_of_the_sample(sample: Write) -> None:
    ended = CallCancelledError("The call was cancelled.", "Ask again.")
    with pytest.raises(CallCancelledError):
        load(sample(), llm=Fake(ended))


def test_what_is_not_there_is_empty_and_named(tmp_path: Path) -> None:
    found = load(put(tmp_path / "bare", {"human_feedback.md": "Good.\n"}))
    assert found.human_feedback == "Good.\n"
    assert (found.plan, found.prompts, found.judges, found.judge_results) == ("", {}, (), "")
    assert (found.tests_before, found.tests_after, found.score, found.tool) == (None, None, None, "")
    assert found.missing == (
        *("plan.md", "prompts", "code_trace.md", "judge_*"),
        *("test_results_before.json", "test_results_after.json", "metadata.json"),
    )


def test_a_judge_without_json_is_read_from_its_markdown(sample: Write) -> None:
    found = load(sample(judge_reuse_DOT_json=None))
    (judge,) = [judge for judge in found.judges if judge.name == "reuse"]
    assert (judge.score, judge.feedback) == (None, "# Judge: reuse, told again\n")
    assert judge.text.startswith("## reuse: no score\n")
    assert found.score == 1.0, "of those that scored"


def test_a_folder_called_like_a_file_is_none(tmp_path: Path) -> None:
    folder = put(
        tmp_path / "odd", {"human_feedback.md": "Good.", "prompts/a.md/b.txt": "", "plan.md/c.txt": ""}
    )
    put(folder, {"judge_a.md/d.txt": "", "judge_b.json/e.txt": "", "metadata.json/f.txt": ""})
    assert load(folder).missing == load(put(tmp_path / "bare", {"human_feedback.md": "Good."})).missing


def test_scores_without_weights_count_alike(sample: Write) -> None:
    found = load(sample(judge_reuse_DOT_json={"score": 0}, judge_plan_DOT_json={"score": 1, "weight": 9}))
    assert [judge.name for judge in found.judges] == ["plan", "reuse"]
    assert found.score == 0.5


BROKEN: dict[str, list[tuple[Any, ...]]] = {
    "judge_reuse.json": [
        (b'{"score": 0.5,\n "weight": }', 2, "column 12"),
        (b"", 1, "column 1"),
        (b'["a list"]', None, "a list"),
        (b'{"score": "high"}', None, "score is a text"),
        (b'{"score": true}', None, "score is true or false"),
        (b'{"score": NaN}', None, "score is nan"),
        (b'{"weight": 1e999}', None, "weight is inf"),
        (b'{"feedback": {"a": 1}}', None, "feedback is"),
        (b'{"feedback": "caf\xe9"}', 1, "UTF-8 (byte 18"),
        (b"[" * 5_000 + b"]" * 5_000, None, "nested"),
        (b'{"a": ' * 200 + b"1" + b"}" * 200, None, "nested"),
    ],
    "metadata.json": [(b'{"tool": ["claude"]}', None, "tool is a list"), (b"null", None, "null")],
    "test_results_after.json": [
        (b'{"passed_tests": "all"}', None, "passed_tests is a text"),
        (b'{"total_tests": 1.5}', None, "total_tests is a number"),
        (b'{"total_tests": 1' + b"0" * 30 + b"}", None, "total_tests"),
        (b'{"command": 7}', None, "command is a number"),
    ],
    "plan.md": [(b"one\n\xff two", 2, "UTF-8")],
    "human_feedback.md": [("It forgot the disk.".encode("utf-16"), 1, "UTF-8")],
    "prompts/main.md": [(b"\xe9", 1, "UTF-8")],
}


@pytest.mark.parametrize(
    ("name", "data", "line", "says"),
    [(name, *case) for name, cases in BROKEN.items() for case in cases],
)
def test_a_malformed_part_names_its_file_and_place(
    tmp_path: Path, name: str, data: bytes, line: int | None, says: str
) -> None:
    folder = put(tmp_path / "cache", {**FILES, name: data})
    llm = Fake(TOLD)
    with pytest.raises(TrainingDataLoadError) as caught:
        load(folder, llm=llm)
    assert (caught.value.path, caught.value.line) == (folder / name, line)
    assert says in caught.value.message
    assert caught.value.hint
    assert llm.sent == [], "nothing is paid for where the sample cannot be loaded"


def test_odd_but_sound_files(sample: Write) -> None:
    found = load(
        sample(
            metadata_DOT_json=b'\xef\xbb\xbf{"tool": null, "note": "\\ud83d", "big": 1' + b"0" * 25 + b"}",
            plan_DOT_md=b"\xef\xbb\xbfone\r\ntwo\r\n",
            test_results_before_DOT_json={},
        )
    )
    assert (found.tool, found.plan) == ("", "one\ntwo\n")
    assert found.metadata == {"note": "\ufffd", "big": 10**25}
    assert found.tests_before is not None
    assert found.tests_before.text == "not recorded"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names that are no UTF-8")
def test_names_that_are_no_text(tmp_path: Path) -> None:
    folder = put(tmp_path / os.fsdecode(b"caf\xe9"), FILES)
    put(folder, {os.fsdecode(b"prompts/\xe9.md"): "Odd.\n"})
    found = load(folder)
    assert found.plan_id == "caf\ufffd"
    assert found.prompts["\ufffd"] == "Odd.\n"
    assert len(found.fingerprint) == 64
    assert trace.load_training_batch(folder, "m1").to_frame().plan_id.tolist() == ["caf\ufffd"]


@pytest.mark.parametrize("name", ["nowhere", "", "a\0b", "~nobody-of-this-name/x", "file.md"])
def test_no_folder(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(put(tmp_path, {"file.md": "no folder"}))
    for loads in (trace.load_training_sample, trace.load_training_batch):
        with pytest.raises(TrainingDataLoadError) as caught:
            loads(name)
        assert caught.value.hint


def test_a_folder_without_any_part_is_no_sample(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataLoadError, match=r"No part .*") as caught:
        load(put(tmp_path / "notes", {"todo.txt": "later"}))
    assert "human_feedback.md" in caught.value.hint


def test_likely_secrets_are_replaced_everywhere(sample: Write) -> None:
    folder = sample(
        code_trace_DOT_md=TRACE + said("User", f"The token is {SECRET}.", 8),
        plan_DOT_md=f"Use {SECRET}.",
        human_feedback_DOT_md=f"You used {SECRET}!",
        prompts__main_DOT_md=f"export TOKEN={SECRET}",
        judge_plan_DOT_json={**OTHER, "feedback": f"It printed {SECRET}."},
        test_results_after_DOT_json={**SUITE, "summary": [f"TOKEN={SECRET}"]},
        metadata_DOT_json={"tool": SECRET, "env": {"TOKEN": SECRET}},
    )
    for summaries in (True, False):
        found = load(folder, summaries=summaries)
        assert SECRET not in repr(found.model_dump())
        assert found.plan == "Use [secret: github-token]."
        assert found.secrets_replaced == 7 + (not summaries), "the summary's went when it was made"
    batch = trace.load_training_batch(folder, "m1")
    assert SECRET not in batch.to_frame().to_json() + repr(batch) + batch._repr_html_()
    kept = load(folder, redact=False, summaries=False)
    assert kept.plan == f"Use {SECRET}."
    assert kept.secrets_replaced == 0


def test_a_summary_with_a_secret_in_it_is_cleaned_when_it_is_loaded(sample: Write) -> None:
    folder = sample(code_trace_summary_DOT_md=f"They used {SECRET}.")
    os.utime(folder / "code_trace_summary.md", (2_000_000_000, 2_000_000_000))
    assert load(folder).code_trace == "They used [secret: github-token]."


def test_fingerprints_are_of_the_files(sample: Write) -> None:
    folder = sample()
    found = load(folder)
    assert set(found.fingerprints) == (set(FILES) - {"judge_reuse.md"}) | {"code_trace_summary.md"}
    assert [name for name in found.fingerprints if "judge" in name] == ["judge_plan.json", "judge_reuse.json"]
    for name, value in found.fingerprints.items():
        assert sha256((folder / name).read_bytes()).hexdigest() == value
    assert load(folder).fingerprint == found.fingerprint
    (folder / "plan.md").write_text("Another.")
    assert load(folder).fingerprint != found.fingerprint


def test_a_sample_is_a_frozen_value_with_documented_fields(sample: Write) -> None:
    found = load(sample())
    with pytest.raises(ValidationError):
        found.plan = "another"
    with pytest.raises(ValidationError):
        TrainingSample.model_validate({"plan_id": "a", "folder": Path("a"), "code_traces": ""})
    documented = TrainingSample.__doc__ or ""
    for name in TrainingSample.model_fields:
        assert name in documented
    assert TrainingSample.model_validate(found.model_dump()) == found
    assert TrainingSample.model_validate_json(found.model_dump_json()) == found


def test_it_shows_as_a_few_facts(sample: Write) -> None:
    found = load(sample(plan_DOT_md=None, human_feedback_DOT_md="<img src=x onerror=alert(1)>"))
    size = f"code_trace {found.code_trace_size:,} of {found.trace_size:,} bytes, summary"
    assert repr(found) == (
        f"<TrainingSample cache: {size}; quotes verbatim 50%; score 0.80; tests before 10 of 12 passed; "
        "tests after 12 of 12 passed; missing plan.md>"
    )
    assert "<img" not in found._repr_html_()
    assert "cache" in found._repr_html_()


# A folder of samples ---------------------------------------------------------------------------------


@pytest.fixture
def several(sample: Write, tmp_path: Path) -> Path:
    """Two that load, one with a broken judge, one with nothing; and what is no sample."""
    sample("b-good")
    sample("a-good", code_trace_DOT_md=None)
    sample("c-broken", judge_plan_DOT_json=b"{]")
    put(tmp_path / "samples" / "d-nothing", {"todo.txt": "later"})
    put(tmp_path / "samples" / ".git", {"plan.md": "hidden"})
    put(tmp_path / "samples", {"README.txt": "a file"})
    return tmp_path / "samples"


def test_the_good_ones_are_kept_and_the_errors_stand_beside(several: Path) -> None:
    batch = trace.load_training_batch(several, "m1", llm=Fake(TOLD))
    assert [one.plan_id for one in batch] == ["a-good", "b-good"]
    assert (len(batch), batch[1].plan_id, len(batch[:1])) == (2, "b-good", 1)
    assert [Path(row.path).name for row in batch.errors] == ["c-broken", "d-nothing"]
    assert "judge_plan.json, line 1: No JSON at column 2" in batch.errors[0].error
    assert list(batch.errors.to_frame().columns) == ["path", "error"]
    assert repr(batch).startswith("2 training samples, 2 could not be loaded (.errors)\n")
    assert "No JSON at column 2" in batch._repr_html_()


def test_strict_fails_at_the_end_with_all_that_is_wrong(several: Path) -> None:
    llm = Fake(TOLD)
    with pytest.raises(TrainingDataLoadError) as caught:
        trace.load_training_batch(several, "m1", llm=llm, strict=True)
    assert "2 of 4 samples could not be loaded" in caught.value.message
    assert "c-broken" in caught.value.message
    assert "d-nothing" in caught.value.message
    assert [one.plan_id for one in caught.value.batch] == ["a-good", "b-good"]
    assert isinstance(caught.value.__cause__, TrainingDataLoadError)
    assert len(llm.sent) == 1, "the good ones were loaded all the same"
    shutil.rmtree(several / "c-broken")
    shutil.rmtree(several / "d-nothing")
    assert len(trace.load_training_batch(several, "m1", llm=llm, strict=True)) == 2


def test_a_model_that_fails_once_costs_one_sample(sample: Write, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        sample(name)
    llm = Fake(TOLD, ModelError("The model is busy.", "Wait a minute."), TOLD)
    batch = trace.load_training_batch(tmp_path / "samples", "m1", llm=llm)
    assert [one.plan_id for one in batch] == ["a", "c"]
    assert "The model is busy." in batch.errors[0].error
    again = trace.load_training_batch(tmp_path / "samples", "m1", llm=Fake(TOLD))
    assert [one.summary.is_new for one in again if one.summary] == [False, True, False]


def test_a_sample_itself_is_a_batch_of_one(sample: Write) -> None:
    batch = trace.load_training_batch(sample(), "m1", llm=Fake(TOLD))
    assert [one.plan_id for one in batch] == ["cache"]


def test_files_beside_the_samples_make_no_sample_of_their_folder(sample: Write, tmp_path: Path) -> None:
    sample("a", code_trace_DOT_md=None)
    put(tmp_path / "samples", {"metadata.json": {"title": "All runs of March"}, "plan.md": "Next: April."})
    assert [one.plan_id for one in trace.load_training_batch(tmp_path / "samples")] == ["a"]


def test_a_folder_without_samples(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataLoadError, match="no training sample"):
        trace.load_training_batch(put(tmp_path / "empty", {"a.txt": "a"}))


def test_options_reach_every_sample(several: Path) -> None:
    nobody = Fake(AssertionError("nobody is asked"))
    whole = trace.load_training_batch(several, llm=nobody, summaries=False)
    assert [one.code_trace_from for one in whole] == ["none", "trace"]
    counted = trace.load_training_batch(several, llm=nobody, narrative=False)
    assert [one.code_trace_from for one in counted] == ["none", "structure"]
    made = trace.load_training_batch(several, llm=nobody, narrative=False, regenerate=True)
    assert made[1].summary is not None
    assert made[1].summary.is_new
    plain = trace.load_training_batch(several, llm=nobody, summaries=False, redact=False)
    assert plain[1].plan == FILES["plan.md"]


def test_frames_have_their_documented_columns(several: Path, tmp_path: Path) -> None:
    batch = trace.load_training_batch(several, "m1", llm=Fake(TOLD))
    frame, table = batch.to_frame(), batch.table().to_frame()
    for made, declared in ((frame, SampleTable), (table, LoadTable)):
        assert list(made.columns) == [column.name for column in declared.columns]
        assert [str(made[column.name].dtype) for column in declared.columns] == [
            column.dtype for column in declared.columns
        ]
        assert all(column.about for column in declared.columns)
    assert frame.plan_id.tolist() == ["a-good", "b-good"]
    assert frame.code_trace.str.len().tolist() == [0, len(batch[1].code_trace)]
    assert frame.prompts[1] == dict(batch[1].prompts)
    assert frame.share_verbatim[1] == 0.5
    assert pd.isna(frame.share_verbatim[0])
    assert table.plan_id.tolist() == ["a-good", "b-good", "c-broken", "d-nothing"]
    assert table.trace_size.tolist() == [0, len(TRACE.encode()), len(TRACE.encode()), 0]
    assert table.error.isna().tolist() == [True, True, False, False]
    assert (table.passed_before[1], table.passed_after[1]) == (10, 12)
    empty = trace.load_training_batch(put(tmp_path / "one" / "x", {"a.txt": "a"}).parent)
    assert list(empty.to_frame().columns) == list(frame.columns)


def test_a_bar_counts_samples(
    sample: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        sample(f"s{number}", code_trace_DOT_md=None)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    trace.load_training_batch(tmp_path / "samples")
    assert capsys.readouterr().err == "", "nobody looks on"
    trace.load_training_batch(tmp_path / "samples", progress=True)
    shown = capsys.readouterr().err
    assert "loading" in shown
    assert "7/7" in shown
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    trace.load_training_batch(tmp_path / "samples" / "s1")
    assert capsys.readouterr().err == "", "one is no matter"
    trace.load_training_batch(tmp_path / "samples")
    assert "7/7" in capsys.readouterr().err


# DSPy ------------------------------------------------------------------------------------------------


def test_examples_of_real_dspy(several: Path) -> None:
    dspy = pytest.importorskip("dspy", reason="dspy is not installed: pip install dspy")
    batch = trace.load_training_batch(several, "m1", llm=Fake(TOLD))
    examples = batch.to_dspy()
    assert [type(one) for one in examples] == [dspy.Example] * 2
    one = examples[1]
    assert set(one.inputs().keys()) == set(INPUTS)
    assert set(one.labels().keys()) == {"human_feedback", "judge_results", "score"}
    assert one.code_trace == batch[1].code_trace
    assert one.prompts == "# main\n\nFollow the plan.\n\n# review/auditor\n\nFind faults."
    assert one.tests_after.startswith("12 of 12 passed")
    assert one.score == pytest.approx(0.8)
    assert all(type(value) is str for name, value in one.items() if name != "score")


def test_examples_go_through_a_program(several: Path) -> None:
    dspy = pytest.importorskip("dspy", reason="dspy is not installed: pip install dspy")

    def forward(self: Any, plan: str, code_trace: str) -> Any:
        return dspy.Prediction(score=0.0 if REVIEW in code_trace and plan == FILES["plan.md"] else 0.9)

    judge = type("Judge", (dspy.Module,), {"forward": forward})()
    examples = trace.load_training_batch(several, "m1", llm=Fake(TOLD)).to_dspy(["plan", "code_trace"])
    measure = dspy.Evaluate(
        devset=examples,
        metric=lambda example, made, trace=None: abs(example.score - made.score) < 0.5,
        num_threads=1,
        display_progress=False,
    )
    assert measure(judge).score == 50.0, "the one whose trace is told is scored low"


@pytest.mark.parametrize("inputs", [["plan", "traces"], "plans"])
def test_an_input_that_is_no_field(several: Path, inputs: Any) -> None:
    pytest.importorskip("dspy", reason="dspy is not installed: pip install dspy")
    with pytest.raises(TractError, match=r"no field (traces|plans)"):
        trace.load_training_batch(several, "m1", llm=Fake(TOLD)).to_dspy(inputs)


def test_without_dspy_it_says_what_to_install(several: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = trace.load_training_batch(several, "m1", llm=Fake(TOLD))
    monkeypatch.setitem(sys.modules, "dspy", None)
    with pytest.raises(TractError) as caught:
        batch.to_dspy()
    assert "pip install" in caught.value.hint


def test_loading_imports_no_dspy(several: Path) -> None:
    code = (
        "import sys; from tract_nb import trace; "
        f"trace.load_training_batch({str(several)!r}, narrative=False); print('dspy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# The real sample -------------------------------------------------------------------------------------


def test_the_real_sample(traces: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(
        traces / "code_trace" / "test-planner-subagent", tmp_path / "real" / "test-planner-subagent"
    )
    quoted = "I really liked that it ran the code review agent again after it made code changes."
    found = load(folder, llm=Fake("<narrative>\n> Delete `_copy_droids_for_plan`\n</narrative>"))
    assert found.plan_id == "test-planner-subagent"
    assert found.missing == ("plan.md",)
    assert quoted in found.human_feedback
    assert [(judge.name, judge.score, judge.weight) for judge in found.judges] == [
        ("code-reuse", 1.0, 0.4),
        ("plan-compliance", 1.0, 0.6),
    ]
    assert found.score == 1.0
    assert "Excellent code reuse practices" in found.judge_results
    assert found.tests_before is not None
    assert found.tests_after is not None
    assert (found.tests_before.passed, found.tests_before.failed) == (570, 0)
    assert (found.tests_after.passed, found.tests_after.total) == (573, 573)
    assert sorted(found.prompts) == ["code-review-auditor", "main", "plan-alignment-checker"]
    assert len(found.prompts["code-review-auditor"].encode()) == 7_317
    assert (found.tool, found.model) == ("claude-code", "opus")
    assert (found.prompt_fingerprint, found.eval_fingerprint) == ("16b06dd1", "3d55fe1e")
    assert found.trace_size == 271_604
    assert 1_000 < found.code_trace_size < 10_240
    assert "- `Read`: 46" in found.code_trace
    assert len(found.fingerprints) == 11
    whole = load(folder, summaries=False)
    assert whole.code_trace_size == 271_604
    assert whole.secrets_replaced == 0
    frame = trace.load_training_batch(folder.parent, "m1", llm=Fake(TOLD)).table().to_frame()
    assert frame.plan_id.tolist() == ["test-planner-subagent"]
    assert frame.passed_after.tolist() == [573]
    assert frame.error.isna().all()
