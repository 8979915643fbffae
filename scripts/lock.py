"""Rewrite constraints.txt: resolve every extra in a throw-away environment and pin what comes out."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = """\
# The versions that `make demo` and `make test` install, for both; `make lock` rewrites them.
"""


def resolve(python: str) -> dict[str, str]:
    """Return the version of each distribution that a fresh install with all extras would hold."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        command += ["--dry-run", "--ignore-installed", "--report", str(report), f"{ROOT}[dev]"]
        subprocess.run(command, check=True)
        installs = json.loads(report.read_text(encoding="utf-8"))["install"]
    found = {item["metadata"]["name"]: item["metadata"]["version"] for item in installs}
    return {name: version for name, version in found.items() if name not in {"tract-nb", "pip"}}


def main() -> None:
    """Resolve, then write the pins in alphabetical order."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        tools = "Scripts" if sys.platform == "win32" else "bin"
        pins = resolve(str(Path(folder, tools, "python")))
    lines = sorted((f"{name}=={version}" for name, version in pins.items()), key=str.lower)
    target = ROOT / "constraints.txt"
    target.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"constraints.txt: {len(lines)} pins")


if __name__ == "__main__":
    main()
