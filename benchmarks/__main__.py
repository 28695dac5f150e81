"""`make bench`, or `python -m benchmarks [PART…]`: each part in a module of its own, which prints its own table.

A part is a module of this folder with `run(rounds, quick)`; one that has a long form too has `run_long(rounds, quick)`.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
from types import ModuleType

#: In the order in which they run when none is named, with the modules that may hold them: the first that is there.
PARTS = {
    "pull": ("pull",),
    "ranges": ("ranges",),
    "changes": ("changes",),
    "backfill": ("backfill",),
    "workers": ("workers",),
    "pricing": ("pricing", "decisions"),
    "invoicing": ("invoicing",),
    "push": ("push",),
}


def module_of(part: str) -> ModuleType | None:
    """The module of a part, imported only now: one part does not pay for another's imports. None when there is none."""
    found = next((name for name in PARTS[part] if importlib.util.find_spec(f"benchmarks.{name}")), None)
    return None if found is None else importlib.import_module(f"benchmarks.{found}")


def main() -> None:
    """Runs the parts named, or all there are."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"one or more of: {', '.join(PARTS)} (default: all)")
    parser.add_argument("--rounds", type=int, default=3, help="times that each side is measured, in turns (default 3)")
    parser.add_argument("--quick", action="store_true", help="small sizes: to see that everything runs")
    parser.add_argument("--long", action="store_true", help="the large sizes too: many minutes")
    given = parser.parse_args()
    if unknown := [part for part in given.parts if part not in PARTS]:
        parser.error(f"there is no part {unknown[0]!r}; known: {', '.join(PARTS)}")
    for part in given.parts or PARTS:
        module = module_of(part)
        if module is None:
            if given.parts:
                print(f"{part}: nothing is measured yet")
            continue
        module.run(given.rounds, given.quick)
        if given.long and hasattr(module, "run_long"):
            module.run_long(given.rounds, given.quick)


if __name__ == "__main__":
    main()
