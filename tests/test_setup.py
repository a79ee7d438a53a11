"""scripts/setup: quick when nothing is left to do, exact about what it finds, safe when run twice or cut off."""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from installer import browser, environment, ngspice, provision
from installer.steps import CommandError, SetupError, only_one, run

ROOT = Path(__file__).resolve().parents[1]


def fake_ngspice(path: Path, version: str, solver: str) -> Path:
    """Writes a program that answers the way an ngspice of that version does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        '#!/bin/sh\ncase "$1" in\n'
        f'--version) echo "** ngspice-{version} : Circuit level simulation program" ;;\n'
        f'*) echo "{solver}"; echo "No. of Data Rows : 1" ;;\nesac\n'
    )
    path.chmod(0o755)
    return path


@pytest.fixture
def old(tmp_path):
    """An ngspice without KLU, alone in its folder."""
    return fake_ngspice(tmp_path / "old" / "ngspice", "39", "")


@pytest.fixture
def new(tmp_path):
    """An ngspice with KLU, alone in its folder."""
    return fake_ngspice(tmp_path / "new" / "ngspice", "46", "Using KLU as Direct Linear Solver")


@pytest.fixture
def bare(monkeypatch):
    """A machine without an ngspice in its usual folders."""
    monkeypatch.setattr(ngspice, "USUAL_FOLDERS", ())


def refuse(root):
    """A package manager that has nothing."""
    raise CommandError("there is no network")


MOST_QUESTIONS = 6
"""To the environment's Python, and to the ngspice of the project and that of the PATH: version, and solver."""
RECORDS = """
import json, os, sys
def record(event, arguments):
    if event == "subprocess.Popen":
        note("started", list(map(str, arguments[1])))
    elif event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        note("written", str(arguments[0]))
def note(what, which):
    file = os.open(os.environ["RECORD"], os.O_APPEND | os.O_CREAT | os.O_WRONLY)
    os.write(file, (json.dumps([what, which]) + chr(10)).encode())
    os.close(file)
sys.addaudithook(record)
"""
"""Notes what a Python process starts and writes."""


def test_nothing_left_to_do_is_a_few_questions(tmp_path):
    """Once all is there, setup asks the environment and ngspice who they are, says so, and writes and installs nothing.

    What it does is counted, for how long that takes depends on what else the machine is doing.
    """
    checked = subprocess.run([ROOT / "scripts" / "setup", "--check"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    (tmp_path / "sitecustomize.py").write_text(RECORDS)
    environ = {**os.environ, "PYTHONPATH": str(tmp_path), "RECORD": str(tmp_path / "record")}
    done = subprocess.run([ROOT / "scripts" / "setup"], check=True, capture_output=True, text=True, env=environ)
    assert "setup: ready: .venv and ngspice" in done.stdout
    notes = [json.loads(line) for line in (tmp_path / "record").read_text().splitlines()]
    started = [words for what, words in notes if what == "started"]
    written = [path for what, path in notes if what == "written" and not path.isdigit()]
    assert 2 <= len(started) <= MOST_QUESTIONS and len({tuple(words) for words in started}) == len(started)
    assert {Path(words[0]).name for words in started} == {"ngspice", "python"}
    assert {Path(words[0]) for words in started if words[0].endswith("python")} == {ROOT / ".venv" / "bin" / "python"}
    assert all(Path(path).is_relative_to(tempfile.gettempdir()) for path in written)


def test_named_ngspice_that_does_not_run_ends_in_one_line(tmp_path):
    """A wrong AMC_NGSPICE ends with exit code 2 and names the variable, the value and the mend."""
    environ = {**os.environ, "AMC_NGSPICE": str(tmp_path / "nothing")}
    done = subprocess.run([ROOT / "scripts" / "setup"], env=environ, capture_output=True, text=True)
    assert done.returncode == 2
    assert f"AMC_NGSPICE={tmp_path / 'nothing'} is not an ngspice that runs" in done.stderr
    assert "unset AMC_NGSPICE" in done.stderr


def test_old_python_is_named(tmp_path):
    """With no Python of 3.11 or newer, the version found and what to install are said."""
    python = tmp_path / "python3"
    python.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
    python.chmod(0o755)
    for tool in ("bash", "env", "dirname"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    done = subprocess.run([ROOT / "scripts" / "setup"], env={"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert done.returncode == 2
    assert "needs Python 3.11 or newer; here python3 is: Python 3.9.2" in done.stderr


def test_probe_reads_the_real_ngspice():
    """The ngspice in use runs and says its version; before 42 there was no KLU."""
    found = ngspice.find(ROOT, os.environ)
    assert found is not None, "there is no ngspice; type: scripts/setup"
    release = int(re.match(r"\d+", found.version)[0])
    assert release >= 39
    assert release >= 42 or not found.klu


def test_probe_refuses_what_is_no_ngspice(tmp_path):
    """A missing file, a folder, a text and another program are all no ngspice."""
    text = tmp_path / "text"
    text.write_text("not a program")
    assert [ngspice.probe(path) for path in (tmp_path / "none", tmp_path, text, Path("/bin/true"))] == [None] * 4


def test_order_is_variable_then_own_copy_then_path(tmp_path, old, new):
    """AMC_NGSPICE comes before the project's own copy, which comes before the PATH."""
    environ = {"PATH": str(old.parent)}
    assert ngspice.find(tmp_path, environ).path == old
    own = fake_ngspice(tmp_path / ngspice.LOCAL, "45", "Using KLU")
    assert ngspice.find(tmp_path, environ).path == own
    assert ngspice.find(tmp_path, {**environ, "AMC_NGSPICE": str(new)}).path == new


def test_klu_hidden_behind_an_older_one_is_put_into_use(tmp_path, old, new):
    """An ngspice with KLU that comes later on the PATH is used through the project's own copy; nothing is installed."""
    environ = {"PATH": os.pathsep.join([str(old.parent), str(new.parent), os.environ["PATH"]])}
    found = provision.provide(tmp_path, environ, install=refuse)
    assert (found.path, found.version, found.klu) == (tmp_path / ngspice.LOCAL, "46", True)


def test_own_copy_that_does_not_run_is_removed(tmp_path, new):
    """An own copy that no longer runs would be used at run time, so it goes, and the PATH is used."""
    environ = {"PATH": os.pathsep.join([str(new.parent), os.environ["PATH"]])}
    own = fake_ngspice(tmp_path / ngspice.LOCAL, "45", "Using KLU")
    own.write_text("#!/bin/sh\nexit 1\n")
    assert provision.settled(tmp_path, environ) is None
    assert provision.provide(tmp_path, environ, install=refuse).path == new
    assert not own.exists()


def test_older_one_is_accepted_and_not_tried_again(tmp_path, old, bare, capsys):
    """Where nothing newer is to be had, one without KLU will do, with a note; the next run does not look again."""
    environ = {"PATH": f"{old.parent}{os.pathsep}/nowhere"}
    assert provision.settled(tmp_path, environ) is None
    found = provision.provide(tmp_path, environ, install=refuse)
    assert (found.version, found.klu) == ("39", False)
    assert "nothing newer than ngspice 39 (without KLU)" in capsys.readouterr().out
    assert provision.settled(tmp_path, environ) == found
    fake_ngspice(old, "40", "")
    assert provision.settled(tmp_path, environ) is None, "another old one is worth another try"


def test_no_ngspice_at_all_says_what_to_type(tmp_path, bare):
    """Where none is and none can be installed, the error holds the reason and what to type."""
    with pytest.raises(SetupError, match=r"(?s)there is no network.*no ngspice.*AMC_NGSPICE=/path/to/ngspice"):
        provision.provide(tmp_path, {"PATH": "/nowhere"}, install=refuse)


def test_installed_one_is_found(tmp_path, bare):
    """A program that the package manager put into the project's folder is used."""
    found = provision.provide(
        tmp_path, {"PATH": "/nowhere"}, install=lambda root: fake_ngspice(root / ngspice.LOCAL, "46", "Using KLU")
    )
    assert found.path == tmp_path / ngspice.LOCAL


def test_browser_is_installed_where_it_is_missing(tmp_path, capsys):
    """Both its packages are asked for once, and nothing is said or done when it is there."""
    environ, asked = {"PATH": str(tmp_path)}, []

    def install(packages):
        asked.append(tuple(packages))
        for program in browser.PROGRAMS:
            (tmp_path / program).symlink_to("/bin/true")

    assert browser.provide(environ, install)
    assert browser.provide(environ, install)
    assert asked == [("chromium", "chromium-driver")]
    assert capsys.readouterr().out == ""


def test_browser_that_cannot_be_installed_is_only_told(tmp_path, capsys):
    """The reason, that tests are skipped, and what to type; setup goes on."""
    assert not browser.provide({"PATH": str(tmp_path)}, refuse)
    told = capsys.readouterr().out
    for words in (
        "there is no network",
        "tests that open pages are skipped",
        "apt-get install chromium chromium-driver",
    ):
        assert words in told


def test_demo_installs_no_browser():
    """Only scripts/test asks for one."""
    assert "--browser" not in (ROOT / "scripts" / "demo").read_text()
    assert "--browser" in (ROOT / "scripts" / "test").read_text()


def test_environment_is_current_only_for_its_project_file(tmp_path):
    """A finished environment is out of date once pyproject.toml changes, or the command is gone."""
    project = a_project_with_an_environment(tmp_path)
    assert not environment.is_current(project)
    (project / ".venv" / environment.STAMP).write_text(environment.fingerprint(project))
    assert environment.is_current(project)
    (project / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    assert not environment.is_current(project)
    (project / ".venv" / environment.STAMP).write_text(environment.fingerprint(project))
    (project / ".venv/bin/amc").unlink()
    assert not environment.is_current(project)


def test_environment_cut_off_or_moved_is_made_anew(tmp_path):
    """One in which pip was cut off, and one that was copied elsewhere, are not built upon."""
    project = a_project_with_an_environment(tmp_path / "here")
    assert environment.is_usable(project / ".venv")
    moved = tmp_path / "there"
    shutil.copytree(project, moved, symlinks=True)
    assert environment.fingerprint(moved) != environment.fingerprint(project)
    assert not environment.is_usable(moved / ".venv")
    (project / ".venv" / environment.UNFINISHED).touch()
    assert not environment.is_usable(project / ".venv")


def test_second_setup_waits_for_the_first(tmp_path):
    """While one holds the folder another cannot; the lock leaves no file and goes with its holder."""
    code = f"import fcntl, os; fcntl.flock(os.open({str(tmp_path)!r}, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    with only_one(tmp_path):
        with pytest.raises(CommandError, match="BlockingIOError"):
            run([sys.executable, "-c", code])
        assert list(tmp_path.iterdir()) == []
    run([sys.executable, "-c", code])
    with only_one(tmp_path) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_failed_command_shows_its_last_lines():
    """A command that fails is named with its exit code and the end of what it printed."""
    with pytest.raises(CommandError, match=r"(?s)sh -c .* ended with 3:\nlast words"):
        run(["sh", "-c", "echo last words; exit 3"])


def a_project_with_an_environment(root: Path) -> Path:
    """A project whose environment is a real one, made without pip's own files, with a command in it."""
    root.mkdir(exist_ok=True)
    (root / "pyproject.toml").write_text("[project]\nname = 'small'\n")
    run([sys.executable, "-m", "venv", "--without-pip", "--system-site-packages", root / ".venv"])
    site = next((root / ".venv" / "lib").glob("python*")) / "site-packages"
    (site / "pip.py").touch()
    (root / ".venv/bin/amc").touch()
    (root / ".venv/bin/pip").write_text(f"#!{root}/.venv/bin/python\n")
    return root
