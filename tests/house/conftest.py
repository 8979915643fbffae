"""What the tests of the house share: the files of the project, and a copy of the package to spoil."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def tracked() -> list[str]:
    """Every file of the project by its path, as git would commit them now."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("not in a git checkout")
    return sorted(name for name in listing.stdout.split("\0") if name and (ROOT / name).exists())


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with its links, its settings beside it."""
    folder = tmp_path_factory.mktemp("copy")
    spare = shutil.ignore_patterns("__pycache__", "samples")
    for name in ("tract_nb", "widgets", "prompts"):
        shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=spare)
    shutil.copytree(ROOT / "tract_nb" / "samples", folder / "tract_nb" / "samples", ignore=spare)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder
