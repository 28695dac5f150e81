"""Several finance systems at once: which invoice goes to which, chosen per contract or legal entity before anything of it is sent (D-1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from proforma.domain.codes import PushStatus
from proforma.domain.contracts import Contract
from proforma.domain.errors import RefusedError
from proforma.settings.configuration import FinanceSettings, OtherTargetSettings
from proforma.store import Header, Reader, Store
from proforma.sync.delivery import Pushed
from proforma.sync.follow import Follow
from proforma.sync.push import Push
from proforma.sync.shadow import Shadow
from proforma.transport.errors import TransportError


class Routes:
    """Chooses the finance system of an invoice: by its contract, else by its contract's company, else the usual one."""

    def __init__(self, finance: FinanceSettings) -> None:
        self._usual = finance.target
        self._by_contract = {key.lower(): name for name, other in _sent_to(finance) for key in other.contracts}
        self._by_company = {key.lower(): name for name, other in _sent_to(finance) for key in other.companies}

    def target_of(self, contract: Contract | None) -> str:
        """Name of the target."""
        if contract is None:
            return self._usual
        keys = [key.lower() for key in (contract.id, contract.number) if key]
        named = next((self._by_contract[key] for key in keys if key in self._by_contract), None)
        return named or self._by_company.get((contract.company_id or "").lower(), self._usual)

    def apply(self, store: Store) -> None:
        """Queued invoices of which nothing was ever sent get the target that the configuration says now."""
        with store.read() as reader:
            moves = dict(self._moves(reader))
        if moves:
            with store.begin() as tx:
                for invoice_id, target in moves.items():
                    tx.outbox.route(invoice_id, target)

    def _moves(self, reader: Reader) -> Iterator[tuple[str, str]]:
        rows = [row for row in reader.outbox.all(states=(PushStatus.QUEUED,)) if row.attempts == 0]
        invoices = reader.ledger.headers(row.invoice_id for row in rows)
        for row in rows:
            invoice = invoices.get(row.invoice_id)
            if invoice is not None and (target := self._target_of(reader, invoice)) != row.target:
                yield row.invoice_id, target

    def _target_of(self, reader: Reader, invoice: Header) -> str:
        """A correction goes where its original went."""
        original = None if invoice.corrects is None else reader.outbox.get(invoice.corrects)
        return original.target if original else self.target_of(reader.mirror.get(Contract, invoice.contract_id))


class Pushes:
    """A push to every finance system in turn; what keeps one from its work does not keep the others."""

    def __init__(self, store: Store, routes: Routes, stages: Mapping[str, Sequence[Push | Follow | Shadow]]) -> None:
        self._store = store
        self._routes = routes
        self._stages = stages

    def run(self) -> Iterator[Pushed]:
        """Routes, then runs each system's stages; raises the first fault of the transfer, or of its limits, at the end."""
        self._routes.apply(self._store)
        first: TransportError | RefusedError | None = None
        for stages in self._stages.values():
            try:
                for stage in stages:
                    yield from stage.run()
            except (TransportError, RefusedError) as fault:
                first = first or fault
        if first is not None:
            raise first


def _sent_to(finance: FinanceSettings) -> list[tuple[str, OtherTargetSettings]]:
    """The further systems that get documents: a shadow gets none."""
    return [(name, other) for name, other in finance.others.items() if not other.shadow]
