"""What no other limit stops ends by the processor's seconds, or by the memory that it takes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import pytest

from cnnspec.cli import bounds
from cnnspec.cli.main import run
from cnnspec.diagnostics import SpecError
from tests.limit_cases import FLAT

SMALL = f"{FLAT}layers: [relu]\n"
LARGE = FLAT + "layers:\n" + "- relu\n- tanh\n" * 10_000
SECONDS = "takes more than 0.05 seconds of the processor"


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A spec that takes many times as long as it may."""
    monkeypatch.setattr(bounds, "MAX_SECONDS", 0.05)
    # What other tests have imported may lose the first of several.
    monkeypatch.setattr(bounds, "_WAIT", 0.05)
    file = tmp_path / "net.yaml"
    file.write_text(LARGE, encoding="utf-8")
    return file


COMMANDS = {
    "check": ["check"],
    "check of sizes": ["check", "--sizes"],
    "check as JSON": ["check", "--format", "json"],
    "fix": ["check", "--fix"],
    "summary": ["summary"],
    "compile": ["compile", "--target", "torch"],
    "verify": ["verify"],
    "weights init": ["weights", "init", "-o", "net.safetensors"],
    "weights inspect": ["weights", "inspect", "net.pt", "--spec"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_takes_too_long_ends_with_a_finding(
    name: str, large: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(large.parent)
    assert run([*COMMANDS[name], "net.yaml"]) == 1
    captured = capsys.readouterr()
    assert SECONDS in captured.out + captured.err
    assert "too-large" in captured.out + captured.err
    assert [path.name for path in large.parent.iterdir()] == ["net.yaml"]
    assert large.read_text(encoding="utf-8") == LARGE


def test_the_other_files_are_checked(large: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = large.with_name("small.yaml")
    small.write_text(f"{FLAT}layers: [relu, frob]\n", encoding="utf-8")
    assert run(["check", str(large), str(small)]) == 1
    shown = capsys.readouterr().out
    assert f"{large}:1:1: error[too-large]" in shown
    assert "frob" in shown


def test_an_endless_template_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "MAX_SECONDS", 0.5)
    spec, templates = tmp_path / "net.yaml", tmp_path / "templates" / "torch"
    spec.write_text(SMALL, encoding="utf-8")
    templates.mkdir(parents=True)
    loops = "".join(f"{{% for {letter} in range(90000) %}}" for letter in "abcd")
    ends = "{% endfor %}" * 4
    (templates / "model.py.jinja").write_text(f"{loops}{ends}", encoding="utf-8")
    output = tmp_path / "net.py"
    options = ["--templates", str(tmp_path / "templates"), "-o", str(output)]
    assert run(["compile", str(spec), "--target", "torch", *options]) == 1
    assert "takes more than 0.5 seconds of the processor" in capsys.readouterr().err
    assert not output.exists()


def test_a_command_that_takes_too_much_memory_ends_with_a_finding(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(LARGE, encoding="utf-8")
    # A process of its own: in this one there may be as much that was used and is free.
    program = (
        "from cnnspec.cli import bounds, main; bounds.MAX_BYTES = 3_000_000;"
        "raise SystemExit(main.run(['check', 'net.yaml']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "takes more than 0.003 GB of memory" in done.stdout


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_is_lost_in_a_callback_is_raised_again(large: Path) -> None:
    lost: list[bool] = []

    class Burdened:
        def __del__(self) -> None:
            began = time.process_time()
            # Python drops what is raised in here.
            while not lost:
                if time.process_time() - began > 5:
                    return
                lost.extend([True] * (time.process_time() - began > 0.2))

    with pytest.raises(SpecError, match="seconds of the processor"), bounds.bounded():
        burdened = Burdened()
        del burdened
        while True:
            pass


def test_nothing_is_bounded_afterwards(large: Path) -> None:
    before = signal.getsignal(signal.SIGPROF)
    with pytest.raises(SpecError), bounds.bounded():
        while True:
            pass
    assert signal.getsignal(signal.SIGPROF) is before
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


def test_weights_may_take_longer(large: Path) -> None:
    with bounds.bounded() as watch:
        watch.end()
        for _ in range(10):
            list(range(500_000))


def test_what_runs_beside_the_main_thread_is_not_bounded(large: Path) -> None:
    codes: list[int] = []
    thread = Thread(target=lambda: codes.append(run(["check", "--statistics", str(large)])))
    thread.start()
    thread.join()
    assert codes == [0]
