"""The source archive holds the project, whole; the wheel that it builds holds the packages, whole, and nothing else."""

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.import_rules import INSTALLED

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Folder with the source archive of the tree as it stands, and with the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("built")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built):
    """The wheel."""
    (found,) = built.glob("*.whl")
    return found


def test_source_archive_holds_the_project_whole(built):
    """It holds all files that git knows or would add: tests, pages, benchmarks and licence too; and no others."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    known = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True)
    if known.returncode:
        pytest.skip("this folder is no clone")
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        packed = {name.partition("/")[2] for name in files.getnames()}
    assert packed == {name for name in known.stdout.splitlines() if (ROOT / name).is_file()} | {"PKG-INFO"}


def test_the_version_is_one(wheel):
    """The wheel, the citation and the newest heading of the changelog have the version of `pyproject.toml`."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert wheel.name.startswith(f"amc-{version}-")
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)[1] == version


def test_wheel_holds_the_packages_whole(wheel):
    """Every file of the packages is in the wheel, data files such as op-amp models included."""
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.split("/")[0] in INSTALLED}
    assert packed == set(_package_files())


def test_wheel_holds_nothing_else(wheel):
    """Beside the packages there is only the wheel's own record: no tests, no benchmarks, no examples, no scripts."""
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(INSTALLED)


def test_wheel_names_licence_and_command(wheel):
    """The record says GPL-3.0-or-later, carries the licence's text and names both entry points."""
    archive = zipfile.ZipFile(wheel)
    record = next(name for name in archive.namelist() if name.endswith("/METADATA")).removesuffix("METADATA")
    assert "License-Expression: GPL-3.0-or-later" in archive.read(f"{record}METADATA").decode()
    assert archive.read(f"{record}licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
    entry_points = archive.read(f"{record}entry_points.txt").decode()
    assert "amc = amc_circuits.cli.start:main" in entry_points
    assert "optimizer = optimizer.commands:extension" in entry_points


def test_wheel_can_be_imported(wheel, tmp_path):
    """The packages load from the wheel's own files, with the project's folder out of reach."""
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = f"""
import sys
sys.path[:] = [{str(tmp_path)!r}] + [entry for entry in sys.path if entry not in ("", {str(ROOT)!r})]
for name in {INSTALLED!r}:
    assert __import__(name).__file__.startswith({str(tmp_path)!r}), name
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def _package_files():
    """The files of the packages in the tree, as the wheel names them."""
    for package in INSTALLED:
        for path in (ROOT / package).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(ROOT).as_posix()
