"""Environments of peers: made once, and one that cannot be made stops no other."""

from pathlib import Path

import pytest

from tests.typed import module_at

tools = module_at(Path(__file__).parents[2] / "tools" / "peers.py", "peers_tool")


@pytest.mark.slow
def test_environments_are_made_once_and_failures_are_told(tmp_path, capsys):
    wanted, place = tmp_path / "requirements", tmp_path / "place"
    wanted.mkdir()
    (wanted / "bad.txt").write_text("./no/such/folder\n")
    (wanted / "good.txt").write_text("# nothing\n")
    assert tools.made([], wanted, place) == ["bad"]
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("bad: FAILED: ERROR") and "no/such/folder" in first
    assert second == "good: installed"
    python = place / "good" / "bin" / "python"
    assert python.is_file()
    made = python.lstat().st_mtime_ns
    assert tools.made(["good"], wanted, place) == [] and python.lstat().st_mtime_ns == made
    assert capsys.readouterr().out == "good: as it was\n"
    (wanted / "good.txt").write_text("# another\n")
    tools.made(["good", "none"], wanted, place)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "good: installed" and "none: FAILED" in said[1] and "none.txt" in said[1]


def test_every_peer_with_an_environment_has_a_script_and_pins():
    for file in tools.REQUIREMENTS.glob("*.txt"):
        assert (tools.REQUIREMENTS.parent / f"{file.stem}.py").is_file()
        lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
        assert lines and all("==" in line for line in lines)
