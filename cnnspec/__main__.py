"""``python -m cnnspec``."""

import sys

from cnnspec.cli.main import run

if __name__ == "__main__":
    sys.exit(run())
