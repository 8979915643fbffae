"""The notebooks: `save` executes them and keeps their outputs, `check` holds them to what they show.

`record` asks the models anew for what the notebooks replay: it needs the network and a key.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "notebooks"
ANSWERS = FOLDER / "answers"  # what models said, a file for each notebook that asks one, of its name
QUIET = ["--IPKernelApp.log_level=40"]  # a kernel on this machine need not say that its port is plain


def execute(path: Path) -> Any:
    """Return the notebook with fresh outputs, and without what differs from one run to the next."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(FOLDER)}},
        extra_arguments=QUIET,
        store_widget_state=False,  # a page of state for each widget; GitHub refuses some of it
        record_timing=False,
    )
    client.execute()
    notebook.metadata.pop("widgets", None)
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def save(paths: list[Path]) -> int:
    """Execute each notebook and write it back."""
    for path in paths:
        notebook = execute(path)
        nbformat.write(notebook, path)
        print(f"{path.name}: {len(notebook.cells)} cells, {path.stat().st_size / 1024:.0f} KB")
    return 0


def check(paths: list[Path]) -> int:
    """Compare each notebook with its saved outputs, twice in a row, and see that it leaves no file."""
    before = listing()
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q", "--no-header"]
    command += ["-p", "no:cacheprovider", "-o", "addopts=", "-o", "filterwarnings="]
    for _ in range(2):
        code = subprocess.run([*command, *map(str, paths)], cwd=ROOT, check=False).returncode
        if code:
            return code
    left = sorted(listing() - before)
    if left:
        print("the notebooks left behind: " + ", ".join(left))
    return 1 if left else 0


def record(paths: list[Path]) -> int:
    """Ask the models anew, and save the notebooks with what they say; on any failure all is as before."""
    for name in [name for name, value in os.environ.items() if name.endswith("_API_KEY") and not value]:
        del os.environ[name]  # set to nothing: for litellm it would be there
    asking = {path: ANSWERS / f"{path.stem}.json" for path in paths if "Replay(" in path.read_text("utf-8")}
    missing = sorted({line for path, answers in asking.items() for line in missing_keys(path, answers)})
    if missing:
        print("make record asks the models themselves. It needs the network, costs a few cents, and needs:")
        print("\n".join(f"  {line}" for line in missing))
        print("Nothing was changed.")
        return 1
    for path, answers in asking.items():
        before = answers.read_bytes() if answers.exists() else None
        answers.unlink(missing_ok=True)
        try:
            os.environ["TRACT_NB_REPLAY"] = "record"
            execute(path)
            os.environ["TRACT_NB_REPLAY"] = "replay"
            notebook = execute(path)
        except BaseException as error:  # also an interrupt: half of a recording is none
            answers.unlink(missing_ok=True)
            if before is not None:
                answers.write_bytes(before)
            if not isinstance(error, CellExecutionError):
                raise
            print(f"{path.name} could not be recorded; it is as before.\n{error}")
            return 1
        nbformat.write(notebook, path)
        print(f"{path.name}: {len(json.loads(answers.read_bytes())['answers'])} answers")
    return 0


def missing_keys(path: Path, answers: Path) -> list[str]:
    """Return the variables that the models of a notebook want and that are not set, with whose they are."""
    from tract_nb.llm.client import found_model, litellm  # noqa: PLC0415  two seconds, for this verb alone

    if not answers.exists():
        return []  # the first time: the call itself says which key it wants
    stored = json.loads(answers.read_bytes())["answers"]
    return [
        f"{variable}, for {model} in {path.name}"
        for model in sorted({entry["request"]["config"]["model"] for entry in stored})
        for variable in litellm().validate_environment(found_model(model)[0])["missing_keys"]
    ]


def listing() -> set[str]:
    """Return every file of the folder, as the notebooks find it and leave it."""
    return {
        str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if ".ipynb_checkpoints" not in path.parts
    }


def main() -> int:
    """Read the command line and do it to every notebook."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=["save", "check", "record"])
    verb = parser.parse_args().verb
    paths = sorted(FOLDER.glob("*.ipynb"))
    if not paths:
        print("no notebook in notebooks/")
        return 1
    return {"save": save, "check": check, "record": record}[verb](paths)


if __name__ == "__main__":
    raise SystemExit(main())
