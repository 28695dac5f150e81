"""`python -m proforma.mock`: the mock servers without the command line of the product."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from proforma.mock import WorldError, serve


def main() -> int:
    """Parse, serve, say what was wrong; 0 when ended by a signal, 2 for wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m proforma.mock", description=__doc__)
    parser.add_argument("--world", type=Path, metavar="FILE")
    parser.add_argument("--port", type=int, default=8181)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--latency-ms", type=int, default=0, metavar="N")
    parser.add_argument("--page-size", type=int, metavar="N")
    parser.add_argument("--write-config", type=Path, metavar="PATH")
    arguments = parser.parse_args()
    try:
        serve(**vars(arguments))
    except (WorldError, OSError, ValueError, OverflowError) as problem:
        sys.stderr.write(f"error: {problem}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
