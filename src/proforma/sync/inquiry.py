"""Asks one finance system about the keys that documents would name, each once a run, and remembers what could not be asked (F-89)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from proforma.domain.codes import KeyKind
from proforma.finance import Question, Target
from proforma.transport.errors import HttpStatusError, TransportError

#: Why a kind of key is not asked about where the system offers no question.
NO_WAY: Final = "it has no way to be asked about it"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAsked:
    """Kinds of key that finance was not asked about. `fault`: it could not be; None: that was known before."""

    kinds: tuple[KeyKind, ...]
    reason: str
    fault: TransportError | None = None


class Inquiry:
    """What finance says of keys. What it was not asked about is told by `not_asked`; a question that failed refuses nothing."""

    def __init__(self, target: Target | None) -> None:
        """Without a target nothing is asked."""
        self._target = target
        self._told: dict[Question, str | None] = {}
        self._unanswered: dict[KeyKind, NotAsked] = {}
        self._down: TransportError | None = None

    def objection(self, question: Question) -> str | None:
        """Why finance would refuse the key; None: it would not, or that is not known. Raises ConfigurationError for a company it lacks."""
        target = self._target
        if target is None or question.kind not in target.needs or not self._can_ask(target, question.kind):
            return None
        if question not in self._told:
            try:
                self._told[question] = target.objection(question)
            except TransportError as fault:
                self._failed(question.kind, fault)
                return None
        return self._told[question]

    @property
    def not_asked(self) -> list[NotAsked]:
        """What was wanted and not asked, by reason."""
        reasons = dict.fromkeys((why.reason, why.fault) for why in self._unanswered.values())
        return [
            NotAsked(
                kinds=tuple(kind for kind in KeyKind if kind in self._unanswered and self._unanswered[kind].reason == reason),
                reason=reason,
                fault=fault,
            )
            for reason, fault in reasons
        ]

    def _can_ask(self, target: Target, kind: KeyKind) -> bool:
        if kind not in self._unanswered:
            if kind not in target.answers:
                self._unanswered[kind] = NotAsked(kinds=(kind,), reason=NO_WAY)
            elif self._down is not None:
                self._unanswered[kind] = NotAsked(kinds=(kind,), reason=str(self._down), fault=self._down)
        return kind not in self._unanswered

    def _failed(self, kind: KeyKind, fault: TransportError) -> None:
        """A refusal may concern these rows alone; a system that is down is not asked again and again."""
        self._unanswered[kind] = NotAsked(kinds=(kind,), reason=str(fault), fault=fault)
        if not isinstance(fault, HttpStatusError):
            self._down = fault
