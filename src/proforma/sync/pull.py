"""The first stage: rows of Dataverse into the mirror, page by page.

Promise 1: the rows of a page and the cursor after it are one commit, so a kill at any instant loses and doubles nothing.
Promise 2: deletions come with the table's change tracking, or a full walk ends with a sweep of the rows it has not seen. Promise 5: a row
that cannot be mapped goes to quarantine with its reason and payload, and its older form leaves the mirror: a row we cannot read is never
billed from memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime
from typing import Any, Final

from proforma.dataverse.client import DataverseClient
from proforma.dataverse.errors import UnknownColumnError, UnknownEntitySetError
from proforma.domain.errors import ConfigurationError
from proforma.domain.prices import DimensionFieldName, PricingDimension
from proforma.mapping import CompiledEntity, EntityMapping, Mappings, compile_entity, dimension_columns
from proforma.store import Store
from proforma.sync.entity_pull import EntityPull, Pulled
from proforma.sync.log_context import inherited, naming
from proforma.sync.progress import Progress, Silent
from proforma.sync.pull_desk import PullDesk
from proforma.sync.walks import FULL, Walk

__all__ = ["Pull", "Pulled"]


#: Entities read at once. Each holds two pages, and how many requests are under way is the transport's business.
AT_ONCE: Final = 4


class Pull:
    """Pulls the entities of the mappings, several at once, each after those it needs."""

    def __init__(
        self,
        store: Store,
        client: DataverseClient,
        mappings: Mappings,
        *,
        now: Callable[[], datetime],
        progress: Progress | None = None,
        at_once: int = AT_ONCE,
    ) -> None:
        self._store = store
        self._mappings = mappings
        self._now = now
        self._progress = progress or Silent()
        self._at_once = at_once
        self._desk = PullDesk(store=store, client=client, now=now, progress=self._progress)

    def run(self, entities: Sequence[str] = (), *, full: bool = False) -> Iterator[Pulled]:
        """Pulls the entities named, or all; yields them in the order of their dependencies, each when its last page is committed.

        Raises ConfigurationError for an unknown entity, UnfinishedError when another process is pulling, TransportError when
        Dataverse cannot be reached; the entities under way then stop after the page at hand, and what was committed stays.
        """
        chosen = self._chosen(entities)
        with self._store.stage_lock("pull"):
            self._progress.begin(chosen[0].entity if len(chosen) == 1 else "pull")
            try:
                yield from self._together(chosen, full=full)
            finally:
                self._progress.end()

    def one(self, entity: str) -> Pulled:
        """Pulls one entity as a worker, beside others that pull other ones.

        Raises UnfinishedError while somebody pulls alone, or is at this entity already.
        """
        (mapping,) = self._chosen([entity])
        with self._store.shared_lock("pull"), self._store.stage_lock(f"pull-{entity}"):
            self._desk.stop.clear()
            return self._pull(mapping, full=False)

    def waves(self) -> list[list[str]]:
        """All entities, in groups that can be pulled at once, each after the groups that it needs."""
        waves: list[list[str]] = []
        place: dict[str, int] = {}
        for mapping in self._chosen(()):
            place[mapping.entity] = max((place[name] + 1 for name in mapping.after if name in place), default=0)
            waves += [[]] * (place[mapping.entity] == len(waves))
            waves[place[mapping.entity]] = [*waves[place[mapping.entity]], mapping.entity]
        return waves

    def _together(self, chosen: Sequence[EntityMapping], *, full: bool) -> Iterator[Pulled]:
        self._desk.stop.clear()
        needs = {mapping.entity: set(mapping.after) for mapping in chosen}
        under_way: dict[Future[Pulled], str] = {}
        done: dict[str, Pulled] = {}
        waiting, reported = list(chosen), 0
        with ThreadPoolExecutor(self._at_once, thread_name_prefix="pull", initializer=inherited()) as pool:
            try:
                while waiting or under_way:
                    for mapping in [m for m in waiting if not needs[m.entity] & (needs.keys() - done.keys())]:
                        waiting.remove(mapping)
                        under_way[pool.submit(self._pull, mapping, full=full)] = mapping.entity
                    finished, _ = wait(under_way, return_when=FIRST_COMPLETED)
                    for future in finished:
                        done[under_way.pop(future)] = future.result()
                    while reported < len(chosen) and chosen[reported].entity in done:
                        yield done[chosen[reported].entity]
                        reported += 1
            finally:
                # After a fault, or when nobody wants more: what is under way ends with its page, what is queued never begins.
                self._desk.stop.set()
                pool.shutdown(wait=True, cancel_futures=True)

    def _chosen(self, entities: Sequence[str]) -> list[EntityMapping]:
        known = self._mappings.entities
        for name in entities:
            if name not in known:
                raise ConfigurationError(f"there is no entity {name!r} in the mappings", hint="known: " + ", ".join(sorted(known)))
        return [mapping for mapping in self._mappings.order() if not entities or mapping.entity in entities]

    def _pull(self, mapping: EntityMapping, *, full: bool) -> Pulled:
        compiled = self._compile(mapping)
        walk = Walk.begin(self._store, compiled, now=self._now(), full=full)
        try:
            with naming(entity=mapping.entity):
                return EntityPull(self._desk, compiled, walk).run()
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

    def _compile(self, mapping: EntityMapping) -> CompiledEntity[Any]:
        return compiled_for(self._store, mapping)

    def _absent(self, compiled: CompiledEntity[Any], walk: Walk) -> Pulled:
        """An optional table that the environment lacks holds no rows; ones kept from before are gone (promise 2)."""
        with self._desk.writing() as tx:
            deleted = tx.mirror.sweep(compiled.entity, walk.cursor.generation, self._now())
            tx.cursors.set(compiled.entity, walk.finished(self._now()))
        return Pulled(entity=compiled.entity, mode=FULL, deleted=deleted, absent=True)


def compiled_for(store: Store, mapping: EntityMapping) -> CompiledEntity[Any]:
    """The mapping of an entity ready for rows, with the pricing dimensions that the mirror knows."""
    with store.read() as reader:
        dimensions = list(reader.mirror.all(PricingDimension))
        names = list(reader.mirror.all(DimensionFieldName))
    return compile_entity(mapping, dimension_columns(mapping, dimensions, names))
