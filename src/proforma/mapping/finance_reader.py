"""Reads one file of `mappings/finance/`: gathers everything that is wrong with it, with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar, get_args

from proforma.domain.codes import KeyKind, PushStatus
from proforma.mapping.body_reader import BodyReader
from proforma.mapping.document_reader import DocumentReader
from proforma.mapping.faults import Fault, did_you_mean
from proforma.mapping.finance import (
    ANSWERS,
    CHECK_ANSWERS,
    PLACEHOLDERS,
    BusinessCentralMapping,
    DocumentRules,
    DynamicsMapping,
    FinanceCall,
    FinanceMapping,
    Once,
    Outcome,
    RestMapping,
)
from proforma.mapping.reading import KeyReader
from proforma.mapping.yaml_source import Entries, Node, Scalar, read_yaml

#: Which system a file is about; a file that does not say so is about a JSON/REST system.
KINDS: Final = ("rest", "dynamics-365-finance", "business-central")
NEEDED: Final = ("target", "once", "create")
ALLOWED: Final = (
    "kind", "key_header", "key_lifetime_hours", "settle_seconds", "find", "list", "status", "cancel", "states", "outcomes", "document",
    "body", "credits", "accept_at_most_once", "check",
)  # fmt: skip
NATIVE_NEEDED: Final = ("target", "kind", "document")
DYNAMICS_ALLOWED: Final = ("settle_seconds", "header", "line", "operations_max")
BUSINESS_CENTRAL_ALLOWED: Final = ("settle_seconds", "post", "tolerance")
CREDITS: Final = ("negative", "positive")
CALL_NEEDED: Final = ("method", "path", "success")
CALL_ALLOWED: Final = ("headers", "pending", "absent", "items", "read")
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
#: States of a push that a target can tell.
STATES: Final = (PushStatus.SENT, PushStatus.ACCEPTED, PushStatus.POSTED, PushStatus.REFUSED, PushStatus.CANCELLED)
ONCE: Final[tuple[Once, ...]] = get_args(Once)
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
#: A batch of the finance system takes no more operations (F-10); one is the header.
OPERATIONS_MAX: Final = 5000
#: A server gives up a request after eight minutes, the gateway before it after ten (F-60): until then an absence proves nothing.
#: Business Central's codes of customers, accounts, items and resources (F-62).
NUMBER_LENGTH_MAX_BUSINESS_CENTRAL: Final = 20
SETTLE_SECONDS_BUSINESS_CENTRAL: Final = 600
#: What the client says itself; a mapping that could set these could leak or break a request.
RESERVED_HEADERS: Final = ("authorization", "cookie", "host", "content-length", "content-type", "transfer-encoding", "connection")

K = TypeVar("K")
V = TypeVar("V")

_AMOUNT: Final = re.compile(r"\d{1,9}(\.\d{1,9})?")
_COLUMN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")
_TARGET: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_HEADER: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_HEADER_VALUE: Final = re.compile(r"[ -~]{1,256}")
_PATH: Final = re.compile(r"/[!-~]*")
_POINTER: Final = re.compile(r"(/[^/]*)*")
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


def read_finance(path: Path, faults: list[Fault]) -> FinanceMapping | None:
    """The finance mapping in a file, or None when anything is wrong with it; every fault is added to `faults`."""
    before = len(faults)
    root = read_yaml(path, faults)
    mapping = None if root is None else _FinanceReader(path, faults).read(root)
    return mapping if len(faults) == before else None


class _FinanceReader(KeyReader):
    def __init__(self, path: Path, faults: list[Fault]) -> None:
        super().__init__(path, faults)
        self._documents = DocumentReader(path, faults)
        self._bodies = BodyReader(path, faults)

    def read(self, root: Node) -> FinanceMapping | None:
        if not isinstance(root, Entries):
            self.fault(root, "a mapping file is a mapping of keys to values")
            return None
        kind = self.choice(root, "kind", KINDS) or "rest"
        return {"rest": self._rest, "dynamics-365-finance": self._dynamics, "business-central": self._business_central}[kind](root)

    def _rest(self, root: Entries) -> FinanceMapping | None:
        self.check_keys(root, NEEDED, ALLOWED)
        target = self._target(root)
        once = self._once(root)
        calls = {name: self._call(root, name) for name in ("find", "list", "create", "status", "cancel")}
        checks = self._checks(root)
        key_header = self.text(root, "key_header", form=_HEADER, like="Idempotency-Key")
        rules = self._documents.rules(root)
        lifetime = self.whole(root, "key_lifetime_hours", usual=24, least=1)
        settle = self.whole(root, "settle_seconds", usual=0)
        states = self._table(root, "states", self._state)
        outcomes = self._table(root, "outcomes", self._outcome)
        body = self._bodies.body(root)
        credit = self.choice(root, "credits", CREDITS)
        at_most_once = self.flag(root, "accept_at_most_once")
        create = calls["create"]
        if target is None or once is None or create is None:
            return None
        self._check_once(root, once, key_header, calls)
        return RestMapping(
            target=target,
            once=once,
            key_header=key_header,
            key_lifetime_hours=lifetime,
            settle_seconds=settle,
            find=calls["find"],
            list_=self._listing(root, calls["list"]),
            checks=MappingProxyType(checks),
            create=create,
            status=calls["status"],
            cancel=calls["cancel"],
            states=MappingProxyType(states),
            outcomes=MappingProxyType(outcomes),
            document=rules,
            body=body,
            credits="positive" if credit == "positive" else "negative",
            accept_at_most_once=at_most_once,
            source=self.path,
        )

    def _listing(self, root: Entries, call: FinanceCall | None) -> FinanceCall | None:
        """A list must say where it is and what a reference is in it: an empty one would mean that nothing of ours is there."""
        if call is not None and (call.items is None or "reference" not in call.read or "{first}" not in call.path):
            self.fault(root.get("list") or root, "'list' needs items, read: {reference: …} and {first} in its path")
        return call

    def _checks(self, root: Entries) -> dict[KeyKind, FinanceCall]:
        """How the system is asked about a key, by its kind; a question changes nothing, so it is a GET (F-89)."""
        node = self.entries(root, "check", like="{customer: {method: GET, path: '/customers/{key}', success: [200], absent: [404]}}")
        checks: dict[KeyKind, FinanceCall] = {}
        if node is None or not self.check_keys(node, (), tuple(KeyKind), where=" in 'check'"):
            return checks
        for kind in KeyKind:
            call = self._call(node, kind.value, answers=CHECK_ANSWERS)
            if call is None:
                continue
            if call.method != "GET" or "{key}" not in call.path:
                self.fault(node.get(kind.value) or node, f"the check '{kind}' is a GET with {{key}} in its path: it only asks")
            checks[kind] = call
        return checks

    def _target(self, root: Entries) -> str | None:
        return self.text(root, "target", form=_TARGET, like="rest")

    def _dynamics(self, root: Entries) -> FinanceMapping | None:
        self.check_keys(root, NATIVE_NEEDED, DYNAMICS_ALLOWED)
        operations_max = self.whole(root, "operations_max", usual=OPERATIONS_MAX, least=2)
        if operations_max > OPERATIONS_MAX:
            self.fault(root.get("operations_max") or root, f"a batch takes at most {OPERATIONS_MAX} operations")
        target, header, line = self._target(root), self._columns(root, "header"), self._columns(root, "line")
        rules = self._booked(root)
        return None if target is None else DynamicsMapping(
            target=target,
            settle_seconds=self.whole(root, "settle_seconds", usual=0),
            document=replace(rules, comments_booked=True),
            header=header,
            line=line,
            operations_max=operations_max,
            source=self.path,
        )  # fmt: skip

    def _business_central(self, root: Entries) -> FinanceMapping | None:
        self.check_keys(root, NATIVE_NEEDED, BUSINESS_CENTRAL_ALLOWED)
        tolerance = self.text(root, "tolerance", form=_AMOUNT, like="0.01")
        target, rules = self._target(root), self._booked(root)
        return None if target is None else BusinessCentralMapping(
            target=target,
            settle_seconds=self.whole(root, "settle_seconds", usual=SETTLE_SECONDS_BUSINESS_CENTRAL),
            document=replace(rules, number_length_max=NUMBER_LENGTH_MAX_BUSINESS_CENTRAL),
            post=self.flag(root, "post"),
            tolerance=Decimal(tolerance or "0"),
            source=self.path,
        )  # fmt: skip

    def _booked(self, root: Entries) -> DocumentRules:
        """The rules of a system that books every line on something: it must be said on what (F-24, F-54)."""
        rules = self._documents.rules(root)
        node = root.get("document")
        if node is not None and not rules.accounts:
            self.fault(node, "this system books every line on an account, an item or a resource", "add accounts: [{account: '400000'}]")
        return rules

    def _columns(self, root: Entries, name: str) -> Mapping[str, str]:
        given = self.entries(root, name, like="{SalesTaxGroupId: DOM}")
        columns: dict[str, str] = {}
        for key, value in () if given is None else given.pairs:
            if _COLUMN.fullmatch(key.text) and isinstance(value, Scalar) and isinstance(value.value, str):
                columns[key.text] = value.value
            else:
                self.fault(value, f"{key.text!r} is a column with a text")
        return MappingProxyType(columns)

    def _once(self, root: Entries) -> Once | None:
        given = self.choice(root, "once", ONCE)
        return next((once for once in ONCE if once == given), None)

    def _check_once(self, root: Entries, once: Once, key_header: str | None, calls: Mapping[str, FinanceCall | None]) -> None:
        """Each way of arriving once needs its means (F-75)."""
        place, create = root.get("once") or root, calls["create"]
        if once == "idempotency-key" and key_header is None:
            self.fault(place, "once: idempotency-key needs the name of the header", "add key_header: Idempotency-Key")
        if once == "upsert" and create is not None and (create.method != "PUT" or "{reference}" not in create.path):
            self.fault(place, "once: upsert needs a PUT whose path holds {reference}", "create: {method: PUT, path: /invoices/{reference}}")
        if once == "find" and calls["find"] is None:
            self.fault(place, "once: find needs the call 'find'")

    # ---- calls ---------------------------------------------------------------------------------------------------------

    def _call(self, root: Entries, name: str, *, answers: Sequence[str] = ANSWERS) -> FinanceCall | None:
        node = self.entries(root, name, like="{method: GET, path: /invoices/{reference}, success: [200]}")
        allowed = (*CALL_ALLOWED, "body") if name == "cancel" else CALL_ALLOWED
        if node is None or not self.check_keys(node, CALL_NEEDED, allowed, where=f" in {name!r}"):
            return None
        method, path = self.choice(node, "method", METHODS), self.text(node, "path", form=_PATH, like="/invoices/{reference}")
        self._check_placeholders(node.get("path"))
        return FinanceCall(
            method=method or "GET",
            path=path or "/",
            headers=MappingProxyType(self._headers(node)),
            success=self._statuses(node, "success"),
            pending=self._statuses(node, "pending"),
            absent=self._statuses(node, "absent"),
            items=self.text(node, "items", form=_POINTER, like="/value"),
            read=MappingProxyType(self._pointers(node, answers)),
            body=self._bodies.body(node) if name == "cancel" else None,
        )

    def _check_placeholders(self, node: Node | None) -> None:
        if not isinstance(node, Scalar):
            return
        for name in _PLACEHOLDER.findall(node.text):
            if name not in PLACEHOLDERS:
                self.fault(node, f"unknown placeholder {{{name}}}", did_you_mean(name, PLACEHOLDERS))
        if set("{}") & set(_PLACEHOLDER.sub("", node.text)):
            self.fault(node, "a brace has no partner", "write {reference}")

    def _headers(self, node: Entries) -> dict[str, str]:
        given = self.entries(node, "headers", like="{Accept: application/json}")
        headers: dict[str, str] = {}
        for key, value in () if given is None else given.pairs:
            if not _HEADER.fullmatch(key.text) or not isinstance(value, Scalar) or not _HEADER_VALUE.fullmatch(value.text):
                self.fault(key, f"{key.text!r} is no header with a printable value")
            elif key.text.lower() in RESERVED_HEADERS:
                self.fault(key, f"header {key.text!r} is not set by a mapping", "sign-in belongs to finance.auth of the configuration")
            else:
                self._check_placeholders(value)
                headers[key.text] = value.text
        return headers

    def _statuses(self, node: Entries, key: str) -> tuple[int, ...]:
        statuses: list[int] = []
        for item in self.items(node, key, like="[200, 201]"):
            if isinstance(item.value, int) and 200 <= item.value <= 599:
                statuses.append(item.value)
            else:
                self.fault(item, f"{item.text!r} is no HTTP status")
        return tuple(statuses)

    def _pointers(self, node: Entries, answers: Sequence[str]) -> dict[str, str]:
        given = self.entries(node, "read", like="{id: /id, number: /number}")
        pointers: dict[str, str] = {}
        for key, value in () if given is None else given.pairs:
            if key.text not in answers:
                self.fault(key, f"unknown answer {key.text!r}", did_you_mean(key.text, answers))
            elif not isinstance(value, Scalar) or not isinstance(value.value, str) or not _POINTER.fullmatch(value.value):
                self.fault(value, f"{key.text!r} is found by a JSON pointer like '/{key.text}'")
            else:
                pointers[key.text] = value.value
        return pointers

    # ---- tables --------------------------------------------------------------------------------------------------------

    def _table(self, root: Entries, name: str, entry: Callable[[Scalar, Node], tuple[K, V] | None]) -> dict[K, V]:
        given = self.entries(root, name, like="{word: word}")
        read = [entry(key, value) for key, value in (() if given is None else given.pairs)]
        return dict(pair for pair in read if pair is not None)

    def _state(self, key: Scalar, value: Node) -> tuple[str, PushStatus] | None:
        words = [state.value for state in STATES]
        if isinstance(value, Scalar) and value.text in words:
            return key.text, PushStatus(value.text)
        self.fault(value, f"a state is one of: {', '.join(words)}")
        return None

    def _outcome(self, key: Scalar, value: Node) -> tuple[int, Outcome] | None:
        outcome = next((word for word in OUTCOMES if isinstance(value, Scalar) and value.text == word), None)
        if outcome is None:
            self.fault(value, f"an outcome is one of: {', '.join(OUTCOMES)}")
        elif not isinstance(key.value, int) or not 200 <= key.value <= 599:
            self.fault(key, f"{key.text!r} is no HTTP status")
        else:
            return key.value, outcome
        return None
