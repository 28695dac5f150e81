"""Before anything new is sent: does finance hold documents of ours that this store has never heard of? (promise 4, lost stores)

A store that was lost or put back from a backup has forgotten what it confirmed since. The same work is confirmed again, under another
reference, which no key and no look-up by reference would catch. So the target is asked for all references of our form from the lowest
number on that is not there by our own books:

    a reference of an invoice that is about to leave    it is asked about first, whatever its key promises
    one that we know                                    nothing to do
    an unknown one, equal to one of those invoices      adopted: the invoice takes that reference and that document, nothing is sent
    an unknown one, equal to none                       told to a person; nothing new is sent to its customer before it is settled
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from proforma.domain.errors import RefusedError
from proforma.domain.ids import InvoiceId
from proforma.domain.invoices import Invoice
from proforma.finance import FinanceDocument, Found, Target
from proforma.store import Header, Store
from proforma.sync.delivery import LEASE_SECONDS, Pauses, Pushed, external_of
from proforma.sync.send import DocumentOf

#: Kind of the problems that unknown documents make.
ADOPT: Final = "adopt"
#: What a person can have given up, as a source of problems.
DOCUMENT: Final = "document"
#: A reference as we make them: prefix and number, and twelve digits of the invoice's id.
_FORM: Final = re.compile(r"([A-Z0-9-]*?)(\d+)-[0-9A-F]{12}")
#: Backups older than that are not put back; how far down a draft that never left makes us look.
_DRAFTS_DAYS: Final = 90


@dataclass(slots=True)
class Outlook:
    """What is to be known before sending. `ask_first`: invoices that finance may have; `held`: those that wait, with the reason."""

    ask_first: set[InvoiceId] = field(default_factory=set)
    held: dict[InvoiceId, str] = field(default_factory=dict)
    adopted: list[Pushed] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Candidate:
    invoice: Invoice
    document: FinanceDocument


class Adoption:
    """Looks at what one target holds, and takes over what is ours."""

    def __init__(
        self, store: Store, target: Target, document_of: DocumentOf, *, now: Callable[[], datetime], owner: str, pauses: Pauses
    ) -> None:
        self._store = store
        self._target = target
        self._document_of = document_of
        self._now = now
        self._owner = owner
        self._pauses = pauses

    def outlook(self, new: Sequence[Header], *, adopt: bool = True) -> Outlook:
        """What becomes of invoices that were never sent. Raises TransportError when finance cannot be asked: then nothing is sent.

        Only who pushes alone may `adopt`: of several workers each would see one invoice, and two could take the same document.
        """
        outlook = Outlook()
        listed = self._listed(new)
        ours = {invoice.reference: invoice.id for invoice in new}
        outlook.ask_first = {ours[reference] for reference in listed if reference in ours}
        unknown = self._unknown(listed)
        if unknown:
            candidates = self._candidates([header.id for header in new if header.id not in outlook.ask_first])
            for reference in unknown:
                self._settle(reference, candidates, new, outlook, adopt=adopt)
        return outlook

    def _listed(self, new: Sequence[Header]) -> list[str]:
        """The references of our form that the target holds, from the lowest number that may be missing in our books."""
        found: dict[str, None] = {}
        for prefix, number in self._lowest(new).items():
            # Numbers of other lengths do not sort among these: then everything with the prefix is listed.
            first = prefix + (number if number.startswith("0") else "0")
            references = self._target.references(first, prefix + "A")
            found.update(dict.fromkeys(reference.upper() for reference in references if _FORM.fullmatch(reference.upper())))
        return list(found)

    def _lowest(self, new: Sequence[Header]) -> dict[str, str]:
        """For each series of numbers the lowest that may not have arrived, as references write it."""
        lowest: dict[str, str] = {}
        since = self._now() - timedelta(days=_DRAFTS_DAYS)
        for invoice in new:
            form = _FORM.fullmatch(invoice.reference or "")
            if form is None or (form[1] in lowest and lowest[form[1]] <= form[2]):
                continue
            with self._store.read() as reader:
                unsent = reader.ledger.lowest_unsent(invoice.number.removesuffix(form[2]), since)
            digits = "" if unsent is None else unsent.removeprefix(invoice.number.removesuffix(form[2]))
            lowest[form[1]] = min(form[2], digits) if digits.isdecimal() else form[2]
        return lowest

    def _unknown(self, listed: Sequence[str]) -> list[str]:
        with self._store.read() as reader:
            known = reader.outbox.references() | reader.quarantine.dropped_sources(ADOPT, self._entity)
        return [reference for reference in listed if reference not in known]

    @property
    def _entity(self) -> str:
        return f"{DOCUMENT}:{self._target.name}"

    def _candidates(self, ids: Sequence[InvoiceId]) -> list[_Candidate]:
        made = []
        with self._store.read() as reader:
            for invoice in filter(None, map(reader.ledger.invoice, ids)):
                # What cannot be written is told when its turn comes.
                with suppress(RefusedError):
                    made.append(_Candidate(invoice, self._document_of(invoice, reader)))
        return made

    def _settle(self, reference: str, candidates: list[_Candidate], new: Sequence[Header], outlook: Outlook, *, adopt: bool) -> None:
        found = self._found(reference, candidates)
        match = _match(reference, candidates, found) if adopt else None
        if match is not None and found is not None:
            candidates.remove(match)
            outlook.adopted.append(self._adopt(match, reference, found))
            return
        message = self._tell(reference, found)
        customer = None if found is None else found.customer
        by_id = {candidate.invoice.id: candidate.document for candidate in candidates}
        for invoice in new:
            document = by_id.get(invoice.id)
            if document is not None and (customer is None or document.customer.casefold() == customer.casefold()):
                outlook.held[invoice.id] = message

    def _found(self, reference: str, candidates: Sequence[_Candidate]) -> Found | None:
        """The unknown document; invoices and credits may be looked up in different places."""
        kinds = {candidate.document.is_credit: candidate.document for candidate in candidates}
        some = next(iter(kinds.values()), None)
        if some is None or not self._target.can_be_asked:
            return None
        for document in (kinds.get(False) or replace(some, is_credit=False), kinds.get(True) or replace(some, is_credit=True)):
            if found := self._target.find(replace(document.under(reference), is_credit=document.is_credit)):
                return found[0] if len(found) == 1 else None
        return None

    def _adopt(self, match: _Candidate, reference: str, found: Found) -> Pushed:
        """The invoice takes reference and document over; the digest is that of what was sent in the history that is lost."""
        document = match.document.under(reference, digest=found.digest)
        message = f"finance had it already as {reference}, from a history that this store has lost: taken over, not sent"
        invoice = match.invoice
        with self._store.begin() as tx:
            row = tx.outbox.claim(invoice.id, self._owner, self._now(), LEASE_SECONDS, take_over=True)
            assert row is not None, "it is queued, and the stage is ours"
            row = tx.outbox.adopt(row, reference, document.body, document.digest, self._now())
            tx.outbox.result(
                row,
                found.state,
                at=self._now(),
                external=external_of(found),
                message=message,
                request_id=found.request_id,
                next_attempt_at=self._pauses.next(found, self._now()),
            )
            tx.quarantine.resolve(self._entity, [reference], kind=ADOPT)
            tx.quarantine.resolve("invoice", [invoice.id])
        return Pushed(invoice_id=invoice.id, number=invoice.number, push=found.state, external_number=found.number, message=message)

    def _tell(self, reference: str, found: Found | None) -> str:
        what = "" if found is None else ", ".join(f"{name} {value}" for name, value in _shown(found).items() if value is not None)
        message = (
            f"{self._target.name} holds a document {reference} ({what or 'no more is told of it'}) of which this store knows nothing: was "
            "it put back from a backup, or does another installation send there? Nothing new is sent to its customer before a person has "
            "settled it: correct or delete what would be billed twice, then drop this problem with the reason"
        )
        with self._store.begin() as tx:
            tx.quarantine.put(ADOPT, self._entity, reference, "unknown-document", message, None, self._now())
        return f"waits: {self._target.name} holds {reference}, of which this store knows nothing; see `proforma problems list`"


def _shown(found: Found) -> Mapping[str, object]:
    return {
        "customer": found.customer,
        "total": found.total,
        "currency": found.currency,
        "date": found.invoice_date,
        "number": found.number or found.external_id,
    }


def _match(reference: str, candidates: Sequence[_Candidate], found: Found | None) -> _Candidate | None:
    """The one invoice that the document can be; of several equal ones that with its number. One that is not complete is nobody's."""
    if found is None or not found.complete or found.total is None:
        return None
    equal = list(_equal(reference, candidates, found))
    named = [candidate for candidate in equal if (candidate.invoice.reference or "").rpartition("-")[0] == reference.rpartition("-")[0]]
    likely = named if len(named) == 1 else equal
    return likely[0] if len(likely) == 1 else None


def _equal(reference: str, candidates: Sequence[_Candidate], found: Found) -> Iterator[_Candidate]:
    for candidate in candidates:
        document = candidate.document.under(reference)
        # It was read beside another invoice's document: what differs in nothing but case is the same customer (F-34, F-62).
        customer = document.customer if (found.customer or "").casefold() == document.customer.casefold() else found.customer
        same_day = found.invoice_date is None or found.invoice_date == candidate.invoice.invoice_date
        if same_day and not replace(found, digest=None, customer=customer).differs_from(document):
            yield candidate
