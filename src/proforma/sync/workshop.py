"""Puts a configuration to work: store, mappings, remote sides and desks, each made when it is first needed, all closed together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import cached_property
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from proforma.dataverse.client import DataverseClient, scope_of
from proforma.domain.errors import ConfigurationError
from proforma.finance import Target
from proforma.mapping import FinanceMapping, Mappings, load_mappings
from proforma.settings import AuthSettings, Configuration
from proforma.settings.configuration import TargetSettings
from proforma.store import Store
from proforma.sync.backfill import Backfills
from proforma.sync.draft import BillingDesk
from proforma.sync.follow import Follow
from proforma.sync.progress import Progress, Silent
from proforma.sync.pull import Pull
from proforma.sync.push import Push, PushLimits, PushRules
from proforma.sync.routes import Pushes, Routes
from proforma.sync.send import InvoiceDocuments
from proforma.sync.targets import limits_of, open_target, scope_for
from proforma.sync.traffic import Traffic
from proforma.transport.auth import Anonymous, ClientSecretTokens, TokenSource, api_key, basic, static_token
from proforma.transport.redaction import Secret
from proforma.transport.retry import Retrier, RetryPolicy, Wait
from proforma.transport.session import Limits, Session


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
        return load_mappings(None if folder is None else self.configuration.folder / folder)

    @cached_property
    def client(self) -> DataverseClient:
        """The Dataverse environment."""
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
        """The mapping of a finance system. Raises ConfigurationError when there is none of that name."""
        found = self.mappings.finance.get(name)
        if found is None:
            known = ", ".join(sorted(self.mappings.finance))
            raise ConfigurationError(f"finance.target {name!r} has no mapping in mappings/finance", hint=f"known: {known}")
        return found

    @property
    def target(self) -> Target:
        """The usual finance system."""
        return self.target_of(self.configuration.finance.target)

    def target_of(self, name: str) -> Target:
        """A finance system, opened at its first use."""
        if name not in self._targets:
            settings, mapping = self._settings_of(name), self.finance_mapping_of(name)
            session = Session(Limits(read_seconds=settings.timeout_seconds))
            tokens = sign_in(settings.auth, default_scope=scope_for(settings, mapping), session=session, retrier=self._retrier())
            self._targets[name] = open_target(settings, mapping, tokens, session=session, retrier=self._retrier())
            self._closing.callback(self._targets[name].close)
        return self._targets[name]

    def _settings_of(self, name: str) -> TargetSettings:
        finance = self.configuration.finance
        return finance if name == finance.target else finance.others[name]

    def _retrier(self) -> Retrier:
        return Retrier(self._retries, on_wait=self._waits)

    def _waits(self, wait: Wait) -> None:
        self.traffic.note(wait)
        self.progress.wait(wait.seconds, wait.cause.what if wait.cause else "the server asked for it")

    @cached_property
    def desk(self) -> BillingDesk:
        """Where the backlog and the invoices are acted on."""
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
        return Pull(self.store, self.client, self.mappings, now=self.now, progress=self.progress)

    def backfills(self) -> Backfills:
        """Periods that are read once more."""
        zone = ZoneInfo(self.configuration.business_time_zone)
        return Backfills(self.store, lambda: self.client, self.mappings, zone=zone, now=self.now, progress=self.progress)

    @property
    def documents(self) -> InvoiceDocuments:
        """Makes the documents that the usual finance system gets."""
        return self.documents_for(self.configuration.finance.target)

    def documents_for(self, name: str) -> InvoiceDocuments:
        """Makes the documents that a finance system gets."""
        return InvoiceDocuments(self.store, self.finance_mapping_of(name), company=self._settings_of(name).company)

    @property
    def target_names(self) -> tuple[str, ...]:
        """All finance systems, the usual one first."""
        finance = self.configuration.finance
        return (finance.target, *(name for name in finance.others if name != finance.target))

    def push(self, *, beyond_limits: bool = False) -> Pushes:
        """The last stage, to every finance system, and what became of earlier documents there.

        `beyond_limits`: a person has looked, and the circuit breakers stay open for once.
        """
        stages = {name: (self._push(name, beyond_limits=beyond_limits), self._follow(name)) for name in self.target_names}
        return Pushes(self.store, Routes(self.configuration.finance), stages)

    def push_to(self, name: str, *, worker: str | None = None) -> Push:
        """The push to one finance system; `worker`: the name of a worker that pushes beside others."""
        return self._push(name, beyond_limits=False, worker=worker)

    def follow(self, name: str) -> Follow:
        """What became of earlier documents in one finance system."""
        return self._follow(name)

    def _push(self, name: str, *, beyond_limits: bool, worker: str | None = None) -> Push:
        settings = self._settings_of(name)
        rules = PushRules(
            limits=PushLimits() if beyond_limits else limits_of(settings),
            concurrency=settings.concurrency,
            follow_after=timedelta(minutes=settings.follow_minutes),
        )
        documents = self.documents_for(name)
        return Push(self.store, self.target_of(name), documents.of, now=self.now, rules=rules, progress=self.progress, worker=worker)

    def _follow(self, name: str) -> Follow:
        every = timedelta(minutes=self._settings_of(name).follow_minutes)
        return Follow(self.store, self.target_of(name), now=self.now, owner=self.by, every=every)


def store_url(configuration: Configuration) -> str:
    """The URL of the store; a relative SQLite path begins at the folder of the configuration."""
    url = configuration.store
    prefix = "sqlite:///"
    if url.startswith(prefix) and not url.startswith(prefix + "/") and url != prefix + ":memory:":
        return prefix + str(configuration.folder / url.removeprefix(prefix))
    return url


def sign_in(auth: AuthSettings, *, default_scope: str, session: Session, retrier: Retrier | None = None) -> TokenSource:
    """How a remote side is signed in to, as configured (F-12, W-27)."""
    match auth.kind:
        case "none":
            return Anonymous()
        case "bearer":
            return static_token(_there(auth.token))
        case "api_key":
            return api_key(auth.header, _there(auth.key))
        case "basic":
            return basic(auth.user or "", _there(auth.password))
        case "client_secret":
            authority = auth.authority or f"https://login.microsoftonline.com/{auth.tenant}"
            secret = _there(auth.client_secret)
            return ClientSecretTokens(
                authority, auth.client_id or "", secret, scope=auth.scope or default_scope, session=session, retrier=retrier
            )


def _there(secret: Secret | None) -> Secret:
    if secret is None:
        raise ConfigurationError("a secret of the configuration is missing", hint="run `proforma doctor`")
    return secret
