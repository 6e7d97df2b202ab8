"""The start of the command line: ``cnnspec``, or ``python -m cnnspec``."""

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Load the command line and run it; an interrupt ends it alike while it loads."""
    try:
        from cnnspec.cli.main import main as run_command

        run_command()
    except KeyboardInterrupt:
        # As a shell says it of the signal; `cnnspec.cli.main` has the other codes.
        sys.exit(130)


if __name__ == "__main__":
    main()
