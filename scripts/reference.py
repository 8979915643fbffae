"""The reference of commands: the table in README.md and docs/commands.md, from the help texts.

``write`` brings both up to date; ``check`` says whether they are.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

from tract_nb.notebook.commands import COMMANDS, GROUPS
from tract_nb.notebook.dispatch import help_text, overview

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
REFERENCE = ROOT / "docs" / "commands.md"
TOP, END = "| command | what it does |\n|---|---|\n", "\n## What it promises"


def table() -> str:
    """Return the commands with the first line of what each says of itself."""
    lines = []
    for name, function in COMMANDS.items():
        said = inspect.cleandoc(function.__doc__ or "").partition("\n")[0]
        lines.append(f"| `{name}` | {said.replace('|', '/')} |")
    return TOP + "\n".join(lines) + "\n"


def readme() -> str:
    """Return README.md with the table as it must be."""
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(TOP)
    return before + table() + END + rest.partition(END)[2]


def reference() -> str:
    """Return every command's help, as it is shown."""
    parts = ["# Commands\n", "What `--help` says, in a notebook and in a terminal.\n", block(overview())]
    for title, group in GROUPS.items():
        parts += [
            f"## {title}\n",
            *(part for name in group for part in (f"### {name}\n", block(help_text(name)))),
        ]
    return "\n".join(parts)


def block(text: str) -> str:
    """Return a text as it stands."""
    return f"```text\n{text}\n```\n"


def main() -> int:
    """Write, or check."""
    wanted = {README: readme(), REFERENCE: reference()}
    old = [
        path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if sys.argv[1:] == ["check"]:
        for path in old:
            print(f"{path.relative_to(ROOT)} is not what the help texts say: make docs")
        return 1 if old else 0
    for path in old:
        path.write_text(wanted[path], encoding="utf-8")
        print(f"{path.relative_to(ROOT)} written")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
