"""Where the command line speaks, also when nobody listens: a reader that has gone (`| head`) changes neither the work nor the exit code."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

#: The reader has gone, or the terminal has.
_GONE: Final = frozenset({errno.EPIPE, errno.EIO})


def prepare_streams() -> None:
    """Makes stdout and stderr speak UTF-8, and go on in silence when their reader goes away."""
    _occupy_closed()
    sys.stdout, sys.stderr = _patient(sys.stdout, 1), _patient(sys.stderr, 2)


def close_streams() -> None:
    """Writes what is still held back. Raises OSError when it cannot be written, such as to a full disk."""
    try:
        sys.stdout.flush()
    except OSError:
        # Python would try once more at its end, and complain in its own words.
        _silence(1)
        raise
    finally:
        with contextlib.suppress(OSError):
            sys.stderr.flush()


def _occupy_closed() -> None:
    """Opens what was closed (`>&-`): else the next file opened, perhaps the store, would get the number, and be written into."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _patient(stream: TextIO | None, number: int) -> TextIO:
    """The same stream on a file that bears with its reader; what is no plain file, such as the console of Windows, stays as it is."""
    buffer = getattr(stream, "buffer", None)
    is_unbuffered = type(buffer) is io.FileIO
    if isinstance(stream, io.TextIOWrapper) and not is_unbuffered and type(getattr(buffer, "raw", None)) is not io.FileIO:
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")
        return stream
    file = _PatientFile(number, "wb", closefd=False)
    by_lines = number == 2 or file.isatty()
    return io.TextIOWrapper(
        file if is_unbuffered else io.BufferedWriter(file),
        encoding="utf-8",
        errors="backslashreplace",
        line_buffering=by_lines,
        write_through=is_unbuffered,
    )


class _PatientFile(io.FileIO):
    """Takes what it is given; once its reader has gone, to nowhere."""

    def write(self, content: ReadableBuffer, /) -> int:
        try:
            return super().write(content)
        except OSError as fault:
            # What cannot be complained about, because stderr itself fails, is not worth a fault.
            if fault.errno not in _GONE and self.fileno() != 2:
                raise
            _silence(self.fileno())
            return memoryview(content).nbytes


def _silence(number: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
