"""The work of contracts, read in a thread beside the work on those before them, and given out only while it is still true."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import NamedTuple, Self

from proforma.domain.codes import TransactionType
from proforma.domain.ids import ContractId
from proforma.store import Moment, Store, Transaction, WorkText
from proforma.sync.log_context import inherited


class _Begun(NamedTuple):
    """What is being read: of which contracts, and in which transaction it was asked for."""

    contracts: Sequence[ContractId]
    asked: Moment
    texts: Future[list[WorkText]]


class WorkAhead:
    """Reads the work of the next contracts while a transaction works on those before.

    Nothing that another process or thread commits meanwhile is missed: then what was read is thrown away. A store that cannot tell
    whether somebody did (PostgreSQL) reads nothing ahead.
    """

    def __init__(self, store: Store, types: Collection[TransactionType]) -> None:
        self._store = store
        self._types = types
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="work-ahead", initializer=inherited())
        self._begun: _Begun | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        self._thread.shutdown()

    def texts(self, tx: Transaction, contracts: Sequence[ContractId]) -> list[WorkText] | None:
        """The work of these contracts, if it was begun and is as the transaction sees it."""
        begun, self._begun = self._begun, None
        if begun is None or begun.contracts != contracts:
            return None
        texts, now = begun.texts.result(), tx.moment()
        return texts if now is not None and now.directly_follows(begun.asked) else None

    def begin(self, tx: Transaction, contracts: Sequence[ContractId]) -> None:
        """Begins to read the work of the contracts that come next."""
        asked = tx.moment()
        if asked is not None and contracts:
            self._begun = _Begun(contracts, asked, self._thread.submit(self._read, contracts))

    def _read(self, contracts: Sequence[ContractId]) -> list[WorkText]:
        # A snapshot of its own. Without the transaction's own changes, but those are to invoices, never to what is read here.
        with self._store.read() as reader:
            return reader.mirror.work_texts(contracts, self._types)
