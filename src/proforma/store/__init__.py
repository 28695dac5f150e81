"""What we keep, on SQLAlchemy Core: the mirror of Dataverse, which can be rebuilt, and the ledger, which is never lost.

Never decides a price or a bill, never talks to a remote, and never changes what was appended.
"""

from proforma.store.backfills import Backfill, Backfills, BackfillWriter, Part, PartState
from proforma.store.columns import codec
from proforma.store.comparisons import Comparison, Comparisons, ComparisonWriter
from proforma.store.cursors import Cursor, Range
from proforma.store.decisions import Decisions, DecisionWriter
from proforma.store.headers import Header
from proforma.store.integrity import IntegrityFault
from proforma.store.leases import Lease, Leases, LeaseWriter, Tick
from proforma.store.ledger import Ledger, LedgerWriter, OpenPassedOver
from proforma.store.mirror import ContractSpan, Mirror, MirrorWriter, Record, tail
from proforma.store.outbox import External, Outbox, OutboxAttempt, OutboxRow, OutboxWriter, StaleFenceError, Waiting
from proforma.store.price_reasons import PriceReasons, PriceReasonWriter
from proforma.store.priced_work import WorkText
from proforma.store.quarantine import Problem, Quarantine, QuarantineWriter
from proforma.store.runs import Run, RunRecord, Runs, RunWriter
from proforma.store.store import Moment, Reader, Store, Transaction
from proforma.store.write_backs import Billed, Wish, WriteBackRow, WriteBacks, WriteBackWriter

__all__ = [
    "Backfill",
    "BackfillWriter",
    "Backfills",
    "Billed",
    "Comparison",
    "ComparisonWriter",
    "Comparisons",
    "ContractSpan",
    "Cursor",
    "DecisionWriter",
    "Decisions",
    "External",
    "Header",
    "IntegrityFault",
    "Lease",
    "LeaseWriter",
    "Leases",
    "Ledger",
    "LedgerWriter",
    "Mirror",
    "MirrorWriter",
    "Moment",
    "OpenPassedOver",
    "Outbox",
    "OutboxAttempt",
    "OutboxRow",
    "OutboxWriter",
    "Part",
    "PartState",
    "PriceReasonWriter",
    "PriceReasons",
    "Problem",
    "Quarantine",
    "QuarantineWriter",
    "Range",
    "Reader",
    "Record",
    "Run",
    "RunRecord",
    "RunWriter",
    "Runs",
    "StaleFenceError",
    "Store",
    "Tick",
    "Transaction",
    "Waiting",
    "Wish",
    "WorkText",
    "WriteBackRow",
    "WriteBackWriter",
    "WriteBacks",
    "codec",
    "tail",
]
