"""The compiler itself: a check beside a bare start of Python, and a deep network compiled."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from functools import partial

from bench.pairs import Contest, Step

NETWORK = "resnet:152"


def list_contests() -> Iterator[Contest]:
    """Each command in a process of its own, beside a process that does nothing."""
    cnnspec = (sys.executable, "-m", "cnnspec")
    bare = partial(make_run, (sys.executable, "-c", "pass"))
    for work in (
        ("check", "lenet5"),
        ("check", "resnet"),
        ("compile", NETWORK, "--target", "torch", "--output", "-"),
        ("compile", NETWORK, "--target", "keras", "--output", "-"),
    ):
        ours = partial(make_run, (*cnnspec, *work))
        title = " ".join(("cnnspec", *work)).removesuffix(" --output -")
        yield Contest(f"`{title}`", "whole process", ours, bare, clock=read_clock)


def make_run(command: tuple[str, ...]) -> Step:
    """A command in a process of its own."""
    # Modules are compiled once, as they are for whoever has installed the tool.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return partial(subprocess.run, command, check=True, capture_output=True, env=environment)


def read_clock() -> float:
    """The processor time of all processes that this one has started and awaited."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
