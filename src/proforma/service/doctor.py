"""Everything that can be wrong with an installation, in one list, each with its remedy. Nothing is repaired, and no invoice is sent."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import stat
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from proforma.domain.errors import ConfigurationError, ProformaError
from proforma.service.conditions import conditions_of
from proforma.service.plan import Plan
from proforma.settings import Configuration
from proforma.store.connect import place
from proforma.sync.checkup import Finding, fault_of, mappings_found, remote_findings
from proforma.sync.status import read_status
from proforma.sync.workshop import Workshop, store_url

#: Less than this is no room for a pull; less than the second is soon none.
_ROOM_FAULT: Final = 64 * 1024**2
_ROOM_WARNING: Final = 1024**3
#: Before the first release nobody can have run this program: an earlier clock is wrong.
_EARLIEST: Final = datetime(2026, 1, 1, tzinfo=UTC)
_NETWORK_SYSTEMS: Final = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "glusterfs", "ceph", "afs"})
_MOUNTS: Final = Path("/proc/mounts")


def examine(workshop: Workshop, file: Path, *, offline: bool) -> list[Finding]:
    """Runs every check, whatever the others found; with `offline` none that asks another machine."""
    configuration = workshop.configuration
    findings = [
        Finding(check="configuration", message=f"{file} is understood"),
        *_files(file),
        *_program(configuration),
        *_clock(workshop),
        mappings_found(workshop),
        *_store(workshop),
        *_persons(workshop),
        *_schedule(configuration, workshop),
        *_monitoring(configuration),
        *_alerts(configuration),
    ]
    return findings if offline else [*findings, *remote_findings(workshop)]


def unreadable(fault: ConfigurationError) -> Finding:
    """The one finding when there is no configuration to go by."""
    found = fault_of("configuration", fault, None)
    return found if fault.hint else replace(found, remedy="correct the lines named; config.example.yaml explains every key")


def _warning(check: str, message: str, remedy: str) -> Finding:
    return Finding(check=check, message=message, remedy=remedy, level="warning")


def _files(file: Path) -> Iterator[Finding]:
    """Whoever can write the configuration can send invoices elsewhere."""
    mode = file.stat().st_mode if sys.platform != "win32" else 0
    if mode & stat.S_IWOTH:
        yield _warning("files", f"every user of this machine may write {file}", f"chmod o-w {file}")
    else:
        yield Finding(check="files", message="no other user may write the configuration")


def _program(configuration: Configuration) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if configuration.store.startswith("postgresql") and importlib.util.find_spec("psycopg") is None:
        message, remedy = "the store is PostgreSQL, and its driver is missing", "install proforma-sync with the extra `postgres`"
        yield Finding(check="program", message=message, remedy=remedy, level="fault", exit_code=2)
        return
    yield Finding(check="program", message=f"Python {version}")


def _clock(workshop: Workshop) -> Iterator[Finding]:
    now = workshop.now()
    if now < _EARLIEST:
        message = f"the clock of this machine says {now:%Y-%m-%d}"
        yield Finding(check="clock", message=message, remedy="set it, and let a time service keep it", level="fault", exit_code=3)
        return
    zone = workshop.configuration.business_time_zone
    yield Finding(check="clock", message=f"{now:%Y-%m-%d %H:%M:%S} UTC; the business lives in {zone}")


def _store(workshop: Workshop) -> Iterator[Finding]:
    try:
        store = workshop.store
        with store.begin() as tx:
            tx.cursors.all()
        yield Finding(check="store", message=f"schema {store.schema_version}, writable")
    except ProformaError as fault:
        yield fault_of("store", fault, workshop.configuration)
        return
    file = place(store_url(workshop.configuration)).file
    if file is not None:
        yield _room(file)
        yield from _disk(file)


def _room(file: Path) -> Finding:
    free = shutil.disk_usage(file.parent).free
    message = f"{free / 1024**3:.1f} GiB are free beside the store"
    remedy = "make room, or move the store to a larger disk (`proforma db backup`, then `store` in the configuration)"
    if free < _ROOM_FAULT:
        return Finding(check="room", message=message, remedy=remedy, level="fault", exit_code=3)
    if free < max(_ROOM_WARNING, 2 * file.stat().st_size):
        return _warning("room", message, remedy)
    return Finding(check="room", message=message)


def _disk(file: Path) -> Iterator[Finding]:
    system = _file_system(file)
    if system in _NETWORK_SYSTEMS:
        message = f"the store lies on a network share ({system}), whose locks are not to be trusted"
        yield _warning("disk", message, "move the store to a local disk, or keep it in PostgreSQL")


def _file_system(file: Path) -> str:
    """The kind of file system; empty where this system does not say."""
    try:
        mounts = [line.split()[1:3] for line in _MOUNTS.read_text("utf-8").splitlines()]
    except OSError:
        return ""
    under = [(mount, kind) for mount, kind in mounts if file.is_relative_to(mount.replace("\\040", " "))]
    return max(under, key=lambda pair: len(pair[0]), default=("", ""))[1]


def _persons(workshop: Workshop) -> Iterator[Finding]:
    """Where two persons are wanted, the name that this one goes by: nothing proves it, and a shared one keeps everybody out."""
    if workshop.configuration.invoicing.confirmed_by == "another_person":
        yield Finding(check="persons", message=f"another person confirms a draft; you act as {workshop.by} (PROFORMA_USER, or the login)")


def _schedule(configuration: Configuration, workshop: Workshop) -> Iterator[Finding]:
    plan, now = Plan.of(configuration), workshop.now()
    for job in plan.jobs:
        if plan.expected_after(job, now) is None:
            remedy = "let its blackouts be shorter, or its timing fall outside of them"
            message = f"{job.name} never runs with all of its stages"
            yield Finding(check="schedule", message=message, remedy=remedy, level="fault", exit_code=2)
        else:
            yield Finding(check="schedule", message=f"{job.name} is due at {job.next(now):%Y-%m-%d %H:%M} UTC")
    try:
        with workshop.store.read() as reader:
            status = read_status(reader, at=now)
    except ProformaError:
        return
    if status.leader is None:
        message = "no daemon runs"
        yield _warning("daemon", message, "start `proforma daemon`, or let a timer run `proforma sync` (contrib/systemd)")
    else:
        yield Finding(check="daemon", message=f"{status.leader.process} schedules")
    for condition in conditions_of(status, plan, configuration.monitoring):
        yield _warning(condition.kind, condition.message, condition.remedy)


def _monitoring(configuration: Configuration) -> Iterator[Finding]:
    address = configuration.monitoring.address
    if address is None:
        yield _warning("monitoring", "nothing listens: monitoring.listen is off", "write monitoring.listen: 127.0.0.1:9464")
        return
    try:
        with socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except OSError as fault:
        message = f"{configuration.monitoring.listen} cannot be listened on now ({fault.strerror})"
        yield _warning("monitoring", message, "well if a daemon serves there; otherwise choose another monitoring.listen")
        return
    yield Finding(check="monitoring", message=f"{configuration.monitoring.listen} is free for the daemon")


def _alerts(configuration: Configuration) -> Iterator[Finding]:
    webhook, mail = configuration.alerts.webhook, configuration.alerts.mail
    names = [name for name, channel in (("webhook", webhook), ("mail", mail)) if channel is not None]
    if not names:
        yield _warning("alerts", "nobody is told when something is wrong", "configure alerts.webhook or alerts.mail, or watch /metrics")
        return
    if webhook is not None and urlsplit(webhook.url).scheme != "https" and urlsplit(webhook.url).hostname not in ("127.0.0.1", "localhost"):
        yield Finding(check="alerts", message="alerts.webhook is plain http", remedy="use https", level="fault", exit_code=2)
    elif mail is not None and mail.security == "none" and mail.password is not None:
        yield _warning("alerts", "alerts.mail.security is none, so the password is not used", "write starttls or tls")
    else:
        yield Finding(check="alerts", message=f"sent by {' and '.join(names)}; `proforma alert test` tries it")
