"""The last bound on what a spec may cost: the processor's seconds and the memory of a command.

Limits on sizes and counts come first, and say the same on every machine. What they do not know of,
such as a loop in a user's own template, ends here.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.leftovers import is_uninterrupted

# Of one spec. The largest that other limits let through take some six seconds, the zoo's a half;
# a second of ten is left for starting, and for saying so.
MAX_SECONDS = 9.0
# The most that a process may hold in memory more than before, for one spec: 0.9 GB.
MAX_BYTES = 900_000_000
# How often it is looked, in seconds of the processor.
_TICK = 0.05
# How long it takes at the most until a block is left.
_WAIT = 0.5


class _Excess(BaseException):
    """A spec costs more than it may; no error, so that nothing that handles errors handles it."""


class Watch:
    """Looks at what a block costs, and stops it."""

    def __init__(self) -> None:
        self.is_on = True
        self.began = time.process_time()
        # Before this second what was raised is on its way: to leave a block, and to free what it
        # made, takes some time.
        self.raises_at = 0.0
        self.held = _measure_memory()

    def end(self) -> None:
        """Let the rest of the block cost what it will."""
        self.is_on = False

    def look(self, number: int, frame: FrameType | None) -> None:
        """Raise in the block that is being run; again after a while, where that was lost."""
        now = time.process_time()
        if not self.is_on or is_uninterrupted() or now < self.raises_at:
            return
        excess = ""
        if now - self.began > MAX_SECONDS:
            excess = f"it takes more than {MAX_SECONDS:g} seconds of the processor"
        elif _measure_memory() - self.held > MAX_BYTES:
            excess = f"it takes more than {MAX_BYTES / 1e9:g} GB of memory"
        if excess:
            self.raises_at = now + _WAIT
            raise _Excess(excess)


@contextmanager
def bounded() -> Iterator[Watch]:
    """Run what a stranger's spec asks for, within MAX_SECONDS and MAX_BYTES.

    Nothing is bounded where the system has no timer that counts the processor's time (Windows), and
    outside of the process's main thread.

    Raises:
        SpecError: it took more.
    """
    watch = Watch()
    if not hasattr(signal, "SIGPROF") or threading.current_thread() is not threading.main_thread():
        yield watch
        return
    before = signal.signal(signal.SIGPROF, watch.look)
    excess = ""
    try:
        try:
            signal.setitimer(signal.ITIMER_PROF, _TICK, _TICK)
            yield watch
        finally:
            # At once, since no tick may cut off what follows.
            watch.is_on = False
    except _Excess as error:
        excess = str(error)
    finally:
        watch.is_on = False
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    if excess:
        # Here, where nothing holds on any more to what took the memory.
        help = "make the spec smaller: fewer layers, variants, parameters or outputs"
        raise SpecError([Diagnostic("too-large", f"the spec is refused: {excess}", help=(help,))])


def _measure_memory() -> int:
    """The bytes of memory that this process has; where that is not known, the most it had."""
    import resource

    with suppress(OSError):
        # Not the most it ever had: on Linux that may be what started it.
        resident = Path("/proc/self/statm").read_bytes().split()[1]
        return int(resident) * resource.getpagesize()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
