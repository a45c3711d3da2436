"""The folder of locks and slots as somebody else left it: it is checked, not trusted."""

import logging
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from airflow_provider_dinero.api.errors import DineroUnavailable
from airflow_provider_dinero.coordination.factory import coordination
from airflow_provider_dinero.coordination.files import FileBudget, FileLock


def hold(folder: Path) -> None:
    with FileLock(folder).hold("x") as held:
        held.leave("a note")


def reserve(folder: Path) -> None:
    FileBudget(folder).reserve("k", 100, 60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of ours, with one lock that has a note, and one allowance."""
    made = tmp_path / "coordination"
    hold(made)
    reserve(made)
    return made


def given_away(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it belong to another user."""
    if os.geteuid() == 0:
        os.chown(folder, 4711, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 4711)


def open_to_all(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.chmod(0o777)


def behind_a_link(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link of another user, in a place where all may write, to a folder of ours."""
    if os.geteuid() != 0:
        pytest.skip("only root can make a link for another user")
    there = folder.rename(folder.with_name("there"))
    folder.symlink_to(there)
    os.chown(folder, 4711, -1, follow_symlinks=False)


FOUND = {
    "belongs to user 4711|this process is user 4711": given_away,
    "every user of this machine may write to it.* Run `chmod o-w": open_to_all,
    "it is a link that another user created": behind_a_link,
}


@pytest.mark.parametrize("use", [hold, reserve])
@pytest.mark.parametrize("told", FOUND)
def test_a_folder_that_others_can_change_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, told: str, use: Callable[[Path], None]
) -> None:
    before = {each.name: each.read_bytes() for each in folder.iterdir()}
    FOUND[told](folder, monkeypatch)
    with pytest.raises(DineroUnavailable, match=told):
        use(folder)
    assert {each.name: each.read_bytes() for each in folder.iterdir()} == before


@pytest.mark.parametrize("make", [Path.symlink_to, Path.hardlink_to])
@pytest.mark.parametrize(("use", "kind"), [(hold, "lock"), (reserve, "slots")])
def test_nothing_is_written_through_a_link(
    folder: Path, make: Callable[[Path, Path], None], use: Callable[[Path], None], kind: str
) -> None:
    precious = folder.parent / "precious"
    precious.write_bytes(b"of somebody, and long enough to be cut")
    (file,) = folder.glob(f"*.{kind}")
    file.unlink()
    make(file, precious)
    with pytest.raises(DineroUnavailable, match="it is a link"):
        use(folder)
    assert precious.read_bytes() == b"of somebody, and long enough to be cut"


@pytest.mark.parametrize(("use", "kind"), [(hold, "lock"), (reserve, "slots")])
def test_a_pipe_is_no_file(folder: Path, use: Callable[[Path], None], kind: str) -> None:
    (file,) = folder.glob(f"*.{kind}")
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(DineroUnavailable, match="or not a file"):
        use(folder)
    assert file.is_fifo()


def test_the_name_of_a_place_is_read_through_no_link(folder: Path) -> None:
    (folder / "place").unlink()
    (folder / "place").symlink_to("/etc/hostname")
    with pytest.raises(DineroUnavailable, match="it is a link"):
        hold(folder)


def test_a_pipe_in_the_place_of_a_name_is_not_waited_for(folder: Path) -> None:
    (folder / "place").unlink()
    os.mkfifo(folder / "place")
    holding = threading.Thread(target=hold, args=[folder], daemon=True)
    holding.start()
    holding.join(30)
    assert not holding.is_alive()


def test_a_folder_of_a_group_is_taken_and_said_once(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder.chmod(0o2770)
    for _ in range(3):
        hold(folder)
        reserve(folder)
    (told,) = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert f"Everybody in group {folder.stat().st_gid} can write to the folder {folder}" in told


def test_a_link_of_ours_to_a_folder_of_ours_is_followed(folder: Path) -> None:
    link = folder.with_name("link")
    link.symlink_to(folder)
    hold(link)
    assert len(list(folder.glob("*.lock"))) == 1


def test_a_link_to_itself_is_told_in_words(folder: Path) -> None:
    link = folder.with_name("link")
    link.symlink_to(link)
    with pytest.raises(DineroUnavailable, match="can't be used: Not a directory"):
        hold(link)


def test_a_refused_folder_leaves_a_tenth_of_the_allowance(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder.chmod(0o777)
    _, budget = coordination(str(folder))
    slots = [budget.reserve("k", 100, 1000).at for _ in range(11)]
    assert slots[-1] - slots[0] > 60
    assert "every user of this machine may write to it" in caplog.text


def test_what_is_made_is_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        folder = tmp_path / "deep" / "in" / "here"
        hold(folder)
        reserve(folder)
    finally:
        os.umask(before)
    assert {stat.S_IMODE(each.stat().st_mode) for each in (folder, *folder.parents[:2])} == {0o700}
    files = list(folder.iterdir())
    assert len(files) == 3
    assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}
