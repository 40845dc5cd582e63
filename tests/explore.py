"""Properties on examples nobody has seen: `python -m tests.explore [--seed N] [--rounds N] [PATH …]`.

The default tests ask the same every time. This asks anew, and prints the seed that asks it again.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.explore", description=__doc__.splitlines()[0])
    options.add_argument("--seed", type=int, help="of the first round; a new one unless given")
    options.add_argument("--rounds", type=int, default=1, help="how often, each with the next seed")
    options.add_argument("paths", nargs="*", default=["tests"], help="tests to run; all unless given")
    told = options.parse_args()
    first = random.SystemRandom().randrange(2**32) if told.seed is None else told.seed
    for seed in range(first, first + told.rounds):
        print(f"seed {seed}", flush=True)
        command = [sys.executable, "-m", "pytest", "-m", "hypothesis", f"--hypothesis-seed={seed}", *told.paths]
        status = subprocess.run(command, env={**os.environ, "TAPEQL_TESTS": "explore"}).returncode
        if status:
            print(f"again: python -m tests.explore --seed {seed} {' '.join(told.paths)}")
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
