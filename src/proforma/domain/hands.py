"""Who had a hand in a draft: the persons whose acts its figures come from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from proforma.domain.invoices import DetailsChanged, Drafted, Happening, LinesChanged

#: What gives a draft its figures. A flag or a comparison changes none of them, whoever ran the stage that noticed.
FIGURES_COME_FROM: Final[tuple[type[Happening], ...]] = (Drafted, LinesChanged, DetailsChanged)


def has_a_hand(kind: type[Happening], *, periodic: bool) -> bool:
    """Whether such an event makes its person one of the draft's makers.

    What the periodic run drafts is the invoice schedule's, whoever started the run; changes of such a draft are a person's again.
    """
    return kind in FIGURES_COME_FROM and not (kind is Drafted and periodic)


def joined_by(makers: Iterable[str], person: str) -> tuple[str, ...]:
    """The makers and this person, each named once, in the order of their first acts."""
    return tuple(dict.fromkeys((*makers, person)))


def is_same_person(one: str, other: str) -> bool:
    """Whether two names mean one person: case and outer blanks tell nobody apart, as in the logins of most systems."""
    return one.strip().casefold() == other.strip().casefold()
