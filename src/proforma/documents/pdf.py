"""A paper as PDF, set by typst (extra `pdf`). What stands in the invoice is data to the template, never a part of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import typst

from proforma.documents.layout import layout
from proforma.documents.paper import Paper
from proforma.documents.words import Words

TEMPLATE: Final = "proforma.typ"


@dataclass(frozen=True, slots=True)
class Pdf:
    """The file, and what could not be shown: an empty `missing` means every character has a glyph, and the file is PDF/A-2b."""

    content: bytes
    missing: str = ""


def pdf(paper: Paper, words: Words, *, fonts: Sequence[Path] = ()) -> Pdf:
    """The document in one language, the same bytes whenever it is made with the same fonts.

    Latin, Greek, Cyrillic, Hebrew and Arabic come with typst; for other scripts a font is looked for in `fonts`, then on the system.
    A character that no font has leaves an empty box, and `missing` tells of it.
    """
    data = _data(paper, words)
    try:
        return Pdf(_set(data, paper, fonts, archival=True))
    except typst.TypstError as fault:
        # PDF/A refuses text without glyphs; anything else would fail the same way again.
        return Pdf(_set(data, paper, fonts, archival=False), missing=fault.message)


def png_pages(paper: Paper, words: Words, *, fonts: Sequence[Path] = (), pixels_per_inch: float = 60) -> list[bytes]:
    """The pages as pictures, to look at them."""
    made = _compile(_data(paper, words), fonts, "png", ppi=pixels_per_inch)
    return made if isinstance(made, list) else [made]


def _set(data: str, paper: Paper, fonts: Sequence[Path], *, archival: bool) -> bytes:
    stamp = datetime.combine(paper.invoice_date, time(), tzinfo=UTC)
    made = _compile(data, fonts, "pdf", timestamp=stamp, **({"pdf_standards": ["a-2b"]} if archival else {}))
    assert isinstance(made, bytes), "a PDF is one file"
    return made


def _compile(data: str, fonts: Sequence[Path], format_: Literal["pdf", "png"], **more: Any) -> bytes | list[bytes]:
    template = files("proforma.documents").joinpath(TEMPLATE).read_bytes()
    made: bytes | list[bytes] = typst.compile(
        template, format=format_, sys_inputs={"data": data}, font_paths=[str(folder) for folder in fonts], **more
    )
    return made


def _data(paper: Paper, words: Words) -> str:
    return msgspec.json.encode(layout(paper, words)).decode()
