"""Hunts through all targets, one after the other: ``python -m tests.chaos --minutes 30``."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

# What each target gets of the time.
SHARES = {
    "document": 5,
    "expression": 9,
    "check": 26,
    "fix": 16,
    "compile": 20,
    "report": 7,
    "folder": 10,
    "renaming": 3,
    "settings": 4,
}
_PROGRESS = re.compile(r"cov: (\d+) ft: (\d+) corp: (\d+)")


def main() -> int:
    """Hunt, and say what came of it; 1 where something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="of the processor's time")
    parser.add_argument("--only", choices=list(SHARES), action="append")
    parser.add_argument("--folder", type=Path, default=Path("build/chaos"))
    options = parser.parse_args()
    chosen = {name: SHARES[name] for name in options.only or SHARES}
    found = False
    for name, share in chosen.items():
        seconds = max(1, round(options.minutes * 60 * share / sum(chosen.values())))
        found |= _hunt(name, seconds, options.folder / name)
    return int(found)


def _hunt(name: str, seconds: int, folder: Path) -> bool:
    """Hunt through one target; whether something was found."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.chaos.hunt", name, str(seconds), str(folder)]
    with (folder / "log.txt").open("w", encoding="utf-8") as log:
        code = subprocess.run(command, stdout=log, stderr=log, check=False).returncode
    told = _PROGRESS.findall((folder / "log.txt").read_text(errors="replace"))
    edges, _, corpus = told[-1] if told else ("no", "", "no")
    path = folder / "tally.json"
    tally = json.loads(path.read_text()) if path.is_file() else {}
    sys.stdout.write(
        f"{name}: {tally.get('runs', 0):,} runs in {tally.get('seconds', 0):,.0f} s of the "
        f"processor, the slowest {tally.get('slowest', 0):.2f} s; {edges} edges, {corpus} inputs "
        f"that reach more\n"
    )
    for kind, count in tally.get("found", {}).items():
        sys.stdout.write(f"  {kind}: {count} times: {folder / kind}.input\n")
    if code:
        sys.stdout.write(f"  ended with {code}: {folder / 'log.txt'}\n")
    sys.stdout.flush()
    return bool(code or tally.get("found"))


if __name__ == "__main__":
    sys.exit(main())
