"""Nobody reads: closed pipes, closed streams and full disks change neither what a command does nor, but for what is lost, how it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from project_folder import Project


def _end(project: Project, *words: str, redirect: str = "") -> tuple[int, str]:
    """Exit code of a command whose streams the shell redirects, and what it said on those that are left."""
    command = f'exec "$0" -m proforma --config proforma.yaml "$@" {redirect}'
    shell = ["bash", "-c", command, sys.executable, *words]
    ended = subprocess.run(shell, cwd=project.folder, capture_output=True, text=True, timeout=120, check=False)
    return ended.returncode, ended.stdout + ended.stderr


def _end_unread(project: Project, *words: str) -> int:
    """Exit code of a command whose stdout and stderr nobody reads from the beginning on."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        command = [sys.executable, "-m", "proforma", "--config", "proforma.yaml", *words]
        return subprocess.run(command, cwd=project.folder, stdout=writing, stderr=writing, timeout=120, check=False).returncode
    finally:
        os.close(writing)


def test_a_reader_that_has_gone_changes_no_exit_code(project: Project) -> None:
    """The work is done all the same, to its end, and wrong usage is still wrong usage."""
    assert _end_unread(project, "sync") == 0
    assert project.run("runs", "show", "1").json["outcome"] == "done"
    assert _end_unread(project, "runs", "show", "99") == 2


@pytest.mark.parametrize(("redirect", "said"), [("<&- >&- 2>&-", ""), ("2>&-", "the store")], ids=["all", "err"])
def test_closed_streams_are_no_fault(project: Project, redirect: str, said: str) -> None:
    """Nor does the store get the number of one of them, and what is said to it."""
    code, heard = _end(project, "db", "upgrade", redirect=redirect)
    assert (code, said in heard) == (0, True)
    assert "error" not in heard
    assert (project.folder / "proforma.db").read_bytes().startswith(b"SQLite format 3")


# Linux alone has such a device; elsewhere a full disk would have to be made and mounted, which only root may.
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_what_cannot_be_written_is_told_once(project: Project) -> None:
    """A disk that is full behind `>` is said in a sentence, with exit code 3: the result is lost, the work is not."""
    assert project.run("db", "upgrade").code == 0
    assert _end(project, "--json", "status", redirect="> /dev/full") == (
        3,
        "error: the output could not be written: No space left on device. What was committed stays; make room, and run it again\n",
    )


def test_ctrl_c_says_what_stays(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that is interrupted says that it can be called again, and ends with 3."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("proforma.sync.workshop.Workshop.__enter__", interrupted)
    answer = project.run("pull")
    assert (answer.code, answer.err) == (3, "error: interrupted; everything committed so far stays, run again to go on\n")
