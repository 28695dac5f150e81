"""How far everything is, read from the store alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from proforma.domain.codes import InvoiceStatus
from proforma.store import Reader
from proforma.sync.problems import open_problems


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityStatus:
    """One entity of the mirror: rows, seconds since its cursor moved, and whether a walk was interrupted."""

    entity: str
    rows: int
    age_seconds: float
    watermark: datetime | None
    unfinished: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Everything `proforma status` shows. `held`: invoices of Dataverse that wait here for a person."""

    entities: tuple[EntityStatus, ...]
    invoices: Mapping[str, int]
    origins: Mapping[str, int]
    held: int
    push: Mapping[str, int]
    problems: int

    def shape(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def read_status(reader: Reader, *, at: datetime) -> Status:
    """The state of the store at this instant."""
    counts = reader.mirror.counts()
    entities = tuple(
        EntityStatus(
            entity=cursor.entity,
            rows=counts.get(cursor.entity, 0),
            age_seconds=round((at - cursor.updated_at).total_seconds(), 1),
            watermark=cursor.watermark,
            unfinished=cursor.next_link is not None,
        )
        for cursor in reader.cursors.all()
    )
    invoices = reader.ledger.invoices()
    return Status(
        entities=entities,
        invoices=dict(Counter(str(invoice.status) for invoice in invoices)),
        origins=dict(Counter(str(invoice.origin) for invoice in invoices)),
        held=sum(invoice.is_taken_over and invoice.status is InvoiceStatus.DRAFT for invoice in invoices),
        push=dict(Counter(str(invoice.push) for invoice in invoices if invoice.push != "none")),
        problems=len(open_problems(reader)),
    )
