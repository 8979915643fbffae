"""The notebooks: `save` executes them and keeps their outputs, `check` holds them to what they show."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "notebooks"
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


def listing() -> set[str]:
    """Return every file of the folder, as the notebooks find it and leave it."""
    return {
        str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if ".ipynb_checkpoints" not in path.parts
    }


def main() -> int:
    """Read the command line and do it to every notebook."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=["save", "check"])
    verb = parser.parse_args().verb
    paths = sorted(FOLDER.glob("*.ipynb"))
    if not paths:
        print("no notebook in notebooks/")
        return 1
    return save(paths) if verb == "save" else check(paths)


if __name__ == "__main__":
    raise SystemExit(main())
