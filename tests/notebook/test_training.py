"""``train-data``: a row a sample in a notebook and in a terminal, by the tract's model, errors told whole."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest

from tests.llm.fakes import Fake
from tests.notebook.helpers import Notebook
from tract_nb import Tract, cli, samples
from tract_nb.errors import ModelError
from tract_nb.summaries.batch import LoadTable

QUOTE = "Did you run all of them?"
TOLD = f"<narrative>\n## Problems\n\n> {QUOTE}\n> Nobody ever said this sentence here.\n</narrative>"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped samples and one that cannot be loaded, in the present folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRACT_NB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TRACT_NB_DB", raising=False)
    monkeypatch.setattr(Tract, "first", None)
    monkeypatch.setattr(Tract, "listener", None)
    place = Path(shutil.copytree(samples.training(), tmp_path / "runs"))
    (place / "half\x1b[2J").mkdir()
    (place / "half\x1b[2J" / "judge_reuse.json").write_text('{"score": 0.5,')
    return place


def test_one_row_a_sample(nb: Notebook) -> None:
    ran = nb.run("%tract train-data runs --structure-only")
    frame = ran.value
    assert list(frame.columns) == [column.name for column in LoadTable.columns]
    assert frame.plan_id.tolist() == ["csv-export", "gauge-timeout", "half\x1b[2J"]
    assert frame.score.tolist()[:2] == [0.84, 0.45]
    assert frame.passed_after.tolist()[:2] == [53, 54]
    sizes = [(samples.training() / name / "code_trace.md").stat().st_size for name in frame.plan_id[:2]]
    assert frame.trace_size.tolist() == [*sizes, 0]
    assert (frame.code_trace_size[:2] < frame.trace_size[:2] / 4).all()
    assert frame.code_trace_from.tolist() == ["structure", "structure", "none"]
    assert "half\ufffd[2J/judge_reuse.json, line 1: No JSON at column 15" in ran.printed


def test_the_tract_says_who_writes_the_summaries(nb: Notebook, folder: Path) -> None:
    llm = Fake(TOLD)
    nb.shell.user_ns["t"] = Tract.open(model="m1", llm=llm)
    frame = nb.value("%tract train-data runs")
    assert frame.code_trace_from.tolist() == ["summary", "summary", "none"]
    assert frame.share_verbatim.tolist()[1] == 0.5
    assert frame.cost.tolist()[:2] == [0.001, 0.001]
    assert [config["model"] for config in llm.configs] == ["m1", "m1"]
    assert nb.value("%tract train-data runs").is_new.tolist() == [False, False, False]
    assert len(llm.sent) == 2
    nb.value("%tract train-data runs/gauge-timeout --regenerate-summaries")
    assert len(llm.sent) == 3
    nb.value("%tract train-data runs/gauge-timeout --model m2")
    assert llm.configs[-1]["model"] == "m2"
    assert "model: m2" in (folder / "gauge-timeout" / "code_trace_summary.md").read_text().replace('"', "")


def test_whole_traces_and_secrets(nb: Notebook, folder: Path) -> None:
    secret = "ghp_" + "a1B2" * 9
    with (folder / "gauge-timeout" / "code_trace.md").open("a") as file:
        file.write(f"\n{secret}\n")
    frame = nb.value("%tract train-data runs/gauge-timeout --no-summaries")
    assert frame.code_trace_from.tolist() == ["trace"]
    assert frame.code_trace_size[0] < frame.trace_size[0]
    kept = nb.value("%tract train-data runs/gauge-timeout --no-summaries --no-redact")
    assert kept.code_trace_size[0] == kept.trace_size[0]
    assert not (folder / "gauge-timeout" / "code_trace_summary.md").exists()


@pytest.mark.parametrize("option", ["--model m", "--regenerate-summaries", "--structure-only"])
def test_options_that_do_not_go_together(nb: Notebook, option: str) -> None:
    assert "are about summaries" in str(nb.run(f"%tract train-data runs --no-summaries {option}").error)


def test_strict_fails_and_so_does_a_folder_of_which_nothing_is_loaded(nb: Notebook, folder: Path) -> None:
    strict = nb.run("%tract train-data runs --structure-only --strict")
    assert "1 of 3 samples could not be loaded" in str(strict.error)
    nb.shell.user_ns["t"] = Tract.open(model="m1", llm=Fake(ModelError("The model is busy.", "Wait.")))
    none = nb.run("%tract train-data runs")
    assert "3 of 3 samples could not be loaded" in str(none.error)
    assert str(none.error).count("The model is busy.") == 2
    shutil.rmtree(folder)
    assert "no such folder" in str(nb.run("%tract train-data runs").error)


def test_in_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert cli.main(["train-data", "runs", "--structure-only"]) == 0
    said = capsys.readouterr()
    rows = said.out.splitlines()
    assert len(rows) == 4
    assert rows[1].split()[:4] == ["csv-export", "0.84", "32", "53"]
    assert "<NA>" not in said.out
    assert "\x1b" not in said.out + said.err
    assert "No JSON at column 15" in said.err
    assert cli.main(["train-data", "runs", "--structure-only", "--strict"]) == 1
    assert "No JSON at column 15" in capsys.readouterr().err
    assert not list(Path().glob("*.db")), "no tract is needed, and none is made"
