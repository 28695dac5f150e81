"""The command line: one module a command group; each parses, calls a stage, and prints.

Never decides anything itself. Data goes to stdout, everything else to stderr.
"""

from proforma.cli.main import main

__all__ = ["main"]
