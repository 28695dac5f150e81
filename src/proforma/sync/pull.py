"""The first stage: rows of Dataverse into the mirror, page by page.

Promise 1: the rows of a page and the cursor after it are one commit, so a kill at any instant loses and doubles nothing.
Promise 2: deletions come with the table's change tracking, or a full walk ends with a sweep of the rows it has not seen. Promise 5: a row
that cannot be mapped goes to quarantine with its reason and payload, and its older form leaves the mirror: a row we cannot read is never
billed from memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from proforma.dataverse.client import DataverseClient
from proforma.dataverse.errors import UnknownColumnError, UnknownEntitySetError
from proforma.domain.errors import ConfigurationError
from proforma.domain.prices import DimensionFieldName, PricingDimension
from proforma.mapping import CompiledEntity, EntityMapping, Mappings, compile_entity, dimension_columns
from proforma.store import Store
from proforma.sync.entity_pull import EntityPull, Pulled
from proforma.sync.progress import Progress, Silent
from proforma.sync.walks import FULL, Walk

__all__ = ["Pull", "Pulled"]


class Pull:
    """Pulls the entities of the mappings in the order of their dependencies."""

    def __init__(
        self,
        store: Store,
        client: DataverseClient,
        mappings: Mappings,
        *,
        now: Callable[[], datetime],
        progress: Progress | None = None,
    ) -> None:
        self._store = store
        self._client = client
        self._mappings = mappings
        self._now = now
        self._progress = progress or Silent()

    def run(self, entities: Sequence[str] = (), *, full: bool = False) -> Iterator[Pulled]:
        """Pulls the entities named, or all; yields each when its last page is committed.

        Raises ConfigurationError for an unknown entity, UnfinishedError when another process is pulling, TransportError when
        Dataverse cannot be reached; what was committed until then stays.
        """
        chosen = self._chosen(entities)
        with self._store.stage_lock("pull"):
            for mapping in chosen:
                yield self._pull(mapping, full=full)

    def _chosen(self, entities: Sequence[str]) -> list[EntityMapping]:
        known = self._mappings.entities
        for name in entities:
            if name not in known:
                raise ConfigurationError(f"there is no entity {name!r} in the mappings", hint="known: " + ", ".join(sorted(known)))
        return [mapping for mapping in self._mappings.order() if not entities or mapping.entity in entities]

    def _pull(self, mapping: EntityMapping, *, full: bool) -> Pulled:
        compiled = self._compile(mapping)
        walk = Walk.begin(self._store, compiled, now=self._now(), full=full)
        self._progress.begin(mapping.entity)
        try:
            return EntityPull(self._store, self._client, compiled, walk, self._now, self._progress).run()
        except UnknownEntitySetError as error:
            if mapping.optional:
                return self._absent(compiled, walk)
            raise ConfigurationError(
                f"the environment has no table {mapping.entity_set!r}",
                at=str(mapping.source),
                hint="correct `set`, or mark the entity `optional: true`",
            ) from error
        except UnknownColumnError as error:
            raise ConfigurationError(
                f"the environment's table {mapping.entity_set!r} has no column {error.column!r}",
                at=mapping.where(error.column),
                hint="correct the column, or mark it `optional: true`",
            ) from error
        finally:
            self._progress.end()

    def _compile(self, mapping: EntityMapping) -> CompiledEntity[Any]:
        with self._store.read() as reader:
            dimensions = list(reader.mirror.all(PricingDimension))
            names = list(reader.mirror.all(DimensionFieldName))
        return compile_entity(mapping, dimension_columns(mapping, dimensions, names))

    def _absent(self, compiled: CompiledEntity[Any], walk: Walk) -> Pulled:
        """An optional table that the environment lacks holds no rows; ones kept from before are gone (promise 2)."""
        with self._store.begin() as tx:
            deleted = tx.mirror.sweep(compiled.entity, walk.cursor.generation, self._now())
            tx.cursors.set(compiled.entity, walk.finished(self._now()))
        return Pulled(entity=compiled.entity, mode=FULL, deleted=deleted, absent=True)
