"""The start of the command line: ``cnnspec``, or ``python -m cnnspec``."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> NoReturn:
    """Load the command line and run it; a signal to stop ends it alike while it loads."""
    try:
        from cnnspec.leftovers import leave_signals, stop_on_signals

        stop_on_signals()
        from cnnspec.cli.main import main as run_command

        code = run_command()
        leave_signals()
    except KeyboardInterrupt:
        # It came before there was anything to clean up.
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
