"""What `proforma invoice export` writes, and where."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from proforma.documents import LANGUAGES, Language, Paper, csv_bytes, json_bytes, words
from proforma.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from proforma.cli.output import Output

FORMATS: Final = ("pdf", "csv", "json", "xlsx")
#: Formats that are text, and go to stdout where no file is named.
_TEXTS: Final = frozenset({"csv", "json"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person asked for."""

    format: str
    language: Language
    output: Path | None
    fonts: tuple[Path, ...]


def wish(*, format_: str, language: str, output: Path | None, fonts: list[Path]) -> Wish:
    """The checked request. Raises ConfigurationError."""
    if format_ not in FORMATS:
        raise ConfigurationError(f"--format: {format_!r} is not known", hint=f"one of {', '.join(FORMATS)}")
    chosen = next((known for known in LANGUAGES if known == language), None)
    if chosen is None:
        raise ConfigurationError(f"--language: {language!r} is not known", hint="en or nb")
    for folder in fonts:
        if not folder.is_dir():
            raise ConfigurationError(f"the font folder {folder} does not exist", hint="correct documents.fonts or --fonts")
    return Wish(format=format_, language=chosen, output=output, fonts=tuple(fonts))


def export(out: Output, paper: Paper, wanted: Wish) -> None:
    """Makes the file, or writes text to stdout where no file is named. Raises ConfigurationError when it cannot be written."""
    content, missing = _content(paper, wanted)
    if wanted.output is None and wanted.format in _TEXTS:
        sys.stdout.write(content.decode("utf-8-sig"))
        return
    path = wanted.output or Path(f"{_safe(paper.number)}.{wanted.format}")
    _write(path, content)
    if out.json:
        out.document({"number": paper.number, "file": str(path), "format": wanted.format, "bytes": len(content), "not_shown": missing})
    else:
        out.line(str(path))
    if missing:
        out.warn(f"not every character has a font, boxes stand in their places ({missing}); name a folder with --fonts or documents.fonts")


def _content(paper: Paper, wanted: Wish) -> tuple[bytes, str]:
    language = words(wanted.language)
    match wanted.format:
        case "csv":
            return csv_bytes(paper), ""
        case "json":
            return json_bytes(paper), ""
        case "xlsx":
            try:
                from proforma.documents.xlsx import xlsx_bytes
            except ImportError as error:
                raise _extra("xlsx") from error
            return xlsx_bytes(paper, language), ""
        case _:
            try:
                from proforma.documents.pdf import pdf
            except ImportError as error:
                raise _extra("pdf") from error
            made = pdf(paper, language, fonts=wanted.fonts)
            return made.content, made.missing


def _extra(name: str) -> ConfigurationError:
    return ConfigurationError(f"this installation cannot write {name}", hint=f"pip install 'proforma-sync[{name}]'")


def _write(path: Path, content: bytes) -> None:
    """The whole file or none of it."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        raise ConfigurationError(f"cannot be written: {error.strerror}", at=str(path), hint="check the folder and its rights") from error
    finally:
        part.unlink(missing_ok=True)


def _safe(number: str) -> str:
    """A number as part of a file name, whatever prefix was configured."""
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in number).lstrip(".") or "proforma"
