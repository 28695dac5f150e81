"""Puts a configuration to work: store, mappings, remote sides and desks, each made when it is first needed, all closed together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from proforma.domain.errors import ConfigurationError
from proforma.settings import Configuration
from proforma.settings.configuration import TargetSettings
from proforma.store import Store
from proforma.sync.progress import Progress, Silent
from proforma.sync.traffic import Traffic

# Remote sides and stages are imported where they are made: most commands need a few of them, `status` and `doctor --offline` none.
if TYPE_CHECKING:
    from proforma.dataverse.client import DataverseClient
    from proforma.finance import Target
    from proforma.mapping import FinanceMapping, Mappings
    from proforma.sync.backfill import Backfills
    from proforma.sync.cancellation import Cancellation
    from proforma.sync.delivery import Pauses
    from proforma.sync.draft import BillingDesk
    from proforma.sync.follow import Follow
    from proforma.sync.pull import Pull
    from proforma.sync.push import Push
    from proforma.sync.routes import Pushes
    from proforma.sync.send import InvoiceDocuments
    from proforma.sync.shadow import Shadow
    from proforma.sync.write_back import WriteBack
    from proforma.transport.retry import Retrier, RetryPolicy, Wait


class Workshop:
    """Everything one run needs. Opening it touches nothing; each part is opened by its first use."""

    def __init__(
        self,
        configuration: Configuration,
        *,
        now: Callable[[], datetime],
        by: str,
        progress: Progress | None = None,
        retries: RetryPolicy | None = None,
    ) -> None:
        self.configuration = configuration
        self.now = now
        self.by = by
        self.progress = progress or Silent()
        self.traffic = Traffic()
        self._retries = retries
        self._closing = ExitStack()
        self._targets: dict[str, Target] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._closing.close()

    @cached_property
    def store(self) -> Store:
        """The store, migrated. Relative SQLite paths begin at the folder of the configuration."""
        return self._closing.enter_context(Store.open(store_url(self.configuration)))

    @cached_property
    def mappings(self) -> Mappings:
        """The mappings, checked as a whole. Raises MappingError."""
        folder = self.configuration.mappings
        from proforma.mapping import load_mappings

        return load_mappings(None if folder is None else self.configuration.folder / folder)

    @cached_property
    def client(self) -> DataverseClient:
        """The Dataverse environment."""
        from proforma.dataverse.client import DataverseClient, scope_of
        from proforma.sync.sign_in import sign_in
        from proforma.transport.session import Session

        source = self.configuration.source
        session = Session()
        tokens = sign_in(source.auth, default_scope=scope_of(source.url), session=session, retrier=self._retrier())
        client = DataverseClient(source.url, tokens, page_size=source.page_size, session=session, retrier=self._retrier())
        return self._closing.enter_context(client)

    @property
    def finance_mapping(self) -> FinanceMapping:
        """The mapping of the usual finance system. Raises ConfigurationError when there is none of that name."""
        return self.finance_mapping_of(self.configuration.finance.target)

    def finance_mapping_of(self, name: str) -> FinanceMapping:
        """The mapping of a finance system: the one that it names, else that of its own name. Raises ConfigurationError without one."""
        other = self.configuration.finance.others.get(name)
        wanted = (other.mapping if other is not None and name != self.configuration.finance.target else None) or name
        found = self.mappings.finance.get(wanted)
        if found is None:
            known = ", ".join(sorted(self.mappings.finance))
            raise ConfigurationError(f"finance.target {wanted!r} has no mapping in mappings/finance", hint=f"known: {known}")
        return found

    @property
    def target(self) -> Target:
        """The usual finance system."""
        return self.target_of(self.configuration.finance.target)

    def target_of(self, name: str) -> Target:
        """A finance system, opened at its first use."""
        if name not in self._targets:
            from proforma.sync.sign_in import sign_in
            from proforma.sync.targets import open_target, scope_for
            from proforma.transport.session import Limits, Session

            settings, mapping = self._settings_of(name), self.finance_mapping_of(name)
            session = Session(Limits(read_seconds=settings.timeout_seconds))
            tokens = sign_in(settings.auth, default_scope=scope_for(settings, mapping), session=session, retrier=self._retrier())
            self._targets[name] = open_target(settings, mapping, tokens, session=session, retrier=self._retrier(), name=name)
            self._closing.callback(self._targets[name].close)
        return self._targets[name]

    def _settings_of(self, name: str) -> TargetSettings:
        finance = self.configuration.finance
        return finance if name == finance.target else finance.others[name]

    def _retrier(self) -> Retrier:
        from proforma.transport.retry import Retrier

        return Retrier(self._retries, on_wait=self._waits)

    def _waits(self, wait: Wait) -> None:
        self.traffic.note(wait)
        self.progress.wait(wait.seconds, wait.cause.what if wait.cause else "the server asked for it")

    @cached_property
    def desk(self) -> BillingDesk:
        """Where the backlog and the invoices are acted on."""
        from proforma.sync.draft import BillingDesk

        return BillingDesk(
            self.store,
            invoicing_policy=self.configuration.invoicing,
            pricing_policy=self.configuration.pricing,
            target=self.configuration.finance.target,
            now=self.now,
            by=self.by,
        )

    def pull(self) -> Pull:
        """The first stage."""
        from proforma.sync.pull import Pull

        return Pull(self.store, self.client, self.mappings, now=self.now, progress=self.progress)

    def backfills(self) -> Backfills:
        """Periods that are read once more."""
        from proforma.sync.backfill import Backfills

        zone = ZoneInfo(self.configuration.business_time_zone)
        return Backfills(self.store, lambda: self.client, self.mappings, zone=zone, now=self.now, progress=self.progress)

    @property
    def documents(self) -> InvoiceDocuments:
        """Makes the documents that the usual finance system gets."""
        return self.documents_for(self.configuration.finance.target)

    def documents_for(self, name: str) -> InvoiceDocuments:
        """Makes the documents that a finance system gets."""
        from proforma.sync.send import InvoiceDocuments

        return InvoiceDocuments(self.store, self.finance_mapping_of(name), company=self._settings_of(name).company)

    @property
    def target_names(self) -> tuple[str, ...]:
        """All finance systems, the usual one first."""
        finance = self.configuration.finance
        return (finance.target, *(name for name in finance.others if name != finance.target))

    @property
    def sent_to(self) -> tuple[str, ...]:
        """The finance systems that documents are sent to: all but shadows."""
        return tuple(name for name in self.target_names if not self._settings_of(name).shadow)

    def push(self, *, beyond_limits: bool = False) -> Pushes:
        """The last stage, to every finance system, and what became of earlier documents there.

        `beyond_limits`: a person has looked, and the circuit breakers stay open for once.
        """
        from proforma.sync.routes import Pushes, Routes

        stages: dict[str, tuple[Push | Follow | Shadow, ...]] = {
            name: (self._shadow(name),)
            if self._settings_of(name).shadow
            else (self._push(name, beyond_limits=beyond_limits), self._follow(name))
            for name in self.target_names
        }
        return Pushes(self.store, Routes(self.configuration.finance), stages)

    def write_back(self) -> WriteBack:
        """What became of invoices, told to Dataverse as the mappings want it."""
        from proforma.sync.write_back import WriteBack

        return WriteBack(self.store, lambda: self.client, self.mappings, now=self.now, progress=self.progress)

    def push_to(self, name: str, *, worker: str | None = None) -> Push:
        """The push to one finance system; `worker`: the name of a worker that pushes beside others."""
        return self._push(name, beyond_limits=False, worker=worker)

    def follow(self, name: str) -> Follow:
        """What became of earlier documents in one finance system."""
        return self._follow(name)

    def cancellation(self) -> Cancellation:
        """Documents taken back from finance."""
        from proforma.sync.cancellation import Cancellation

        return Cancellation(self.store, self.target_of, now=self.now, by=self.by)

    def _push(self, name: str, *, beyond_limits: bool, worker: str | None = None) -> Push:
        from proforma.sync.push import Push, PushLimits, PushRules
        from proforma.sync.targets import limits_of

        settings = self._settings_of(name)
        rules = PushRules(
            limits=PushLimits() if beyond_limits else limits_of(settings),
            concurrency=settings.concurrency,
            pauses=_pauses(settings),
            list_first=settings.list_first,
        )
        documents = self.documents_for(name)
        return Push(self.store, self.target_of(name), documents.of, now=self.now, rules=rules, progress=self.progress, worker=worker)

    def _shadow(self, name: str) -> Shadow:
        from proforma.sync.shadow import Shadow

        settings = self._settings_of(name)
        asked = settings.compare_with or name
        if asked not in self.target_names:
            raise ConfigurationError(f"compare_with: there is no finance system {asked!r}", hint=f"known: {', '.join(self.target_names)}")
        every = timedelta(minutes=settings.follow_minutes)
        documents, sent_there = self.documents_for(name), asked in self.sent_to
        return Shadow(self.store, self.target_of(asked), documents.of, name=name, now=self.now, every=every, sent_there=sent_there)

    def _follow(self, name: str) -> Follow:
        from proforma.sync.follow import Follow

        pauses = _pauses(self._settings_of(name))
        return Follow(self.store, self.target_of(name), now=self.now, owner=self.by, pauses=pauses)


def _pauses(settings: TargetSettings) -> Pauses:
    from proforma.sync.delivery import Pauses

    unpaid = timedelta(hours=settings.paid_hours) if settings.paid_hours else None
    return Pauses(unposted=timedelta(minutes=settings.follow_minutes), unpaid=unpaid)


def store_url(configuration: Configuration) -> str:
    """The URL of the store; a relative SQLite path begins at the folder of the configuration."""
    url = configuration.store
    prefix = "sqlite:///"
    if url.startswith(prefix) and not url.startswith(prefix + "/") and url != prefix + ":memory:":
        return prefix + str(configuration.folder / url.removeprefix(prefix))
    return url
