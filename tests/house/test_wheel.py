"""What a user installs: the wheel, alone, outside the checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(root: Path, tracked: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the sdist, built from a copy of what git tracks."""
    source = tmp_path_factory.mktemp("source")
    for name in tracked:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, source / name, follow_symlinks=False)
    if not (source / "README.md").exists():
        pytest.fail("README.md is missing: pyproject.toml names it")
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, source, cwd=out)
    assert len(list(out.glob("*.tar.gz"))) == 1
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds the wheel, sees the dependencies and not the checkout."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    install = ["-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"]
    run(sys.executable, *map(str, install), "--disable-pip-version-check", wheel, cwd=folder)
    (site,) = folder.glob("lib/python*/site-packages")
    # a line of a .pth file adds the folder alone: the .pth files in it, and so the checkout, stay out
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python


def inside(tracked: list[str]) -> set[str]:
    """The files that belong in the wheel, by their path in it."""
    code = {name for name in tracked if name.startswith("tract_nb/")} - {
        "tract_nb/widgets",
        "tract_nb/prompts",
    }
    linked = {f"tract_nb/{name}" for name in tracked if name.startswith(("widgets/", "prompts/"))}
    return {name for name in code | linked if "test" not in Path(name).name}


def test_every_file_of_the_package_is_in_it(wheel: Path, tracked: list[str]):
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    missing = sorted(inside(tracked) - held)
    assert missing == []
    assert "tract_nb/py.typed" in held
    assert "tract_nb/prompts/README.md" in held


def test_nothing_else_is_in_it(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"tract_nb"}


def test_it_imports_outside_the_checkout(python: Path, root: Path, tmp_path: Path):
    code = "import tract_nb, tract_nb.widgets, tract_nb.prompts; print(tract_nb.__file__)"
    found = Path(run(python, "-c", code, cwd=tmp_path).strip())
    assert found.is_relative_to(python.parent.parent)
    assert not found.is_relative_to(root)


def test_its_sample_is_a_file(python: Path, tmp_path: Path):
    code = "from tract_nb import samples; print(len(samples.path().read_text(encoding='utf-8').splitlines()))"
    assert int(run(python, "-c", code, cwd=tmp_path)) > 200


def test_its_prompts_are_data(python: Path, tmp_path: Path):
    code = (
        "from importlib.resources import files; print((files('tract_nb.prompts') / 'README.md').read_text())"
    )
    assert "front matter" in run(python, "-c", code, cwd=tmp_path)


def test_the_command_runs(python: Path, tmp_path: Path):
    assert "import" in run(python.with_name("tract"), "--help", cwd=tmp_path)
