"""Reads one file of `mappings/finance/`: gathers everything that is wrong with it, with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar, get_args

from proforma.domain.codes import BillingType, PushStatus
from proforma.mapping.faults import Fault, did_you_mean
from proforma.mapping.finance import ANSWERS, PLACEHOLDERS, DocumentRules, FinanceCall, FinanceMapping, Once, Outcome
from proforma.mapping.reading import KeyReader
from proforma.mapping.yaml_source import Entries, Node, Scalar, read_yaml

NEEDED: Final = ("target", "once", "create")
ALLOWED: Final = ("key_header", "key_lifetime_hours", "settle_seconds", "find", "status", "cancel", "states", "outcomes", "document")
CALL_NEEDED: Final = ("method", "path", "success")
CALL_ALLOWED: Final = ("headers", "pending", "absent", "items", "read")
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
#: States of a push that a target can tell.
STATES: Final = (PushStatus.SENT, PushStatus.ACCEPTED, PushStatus.POSTED, PushStatus.REFUSED, PushStatus.CANCELLED)
ONCE: Final[tuple[Once, ...]] = get_args(Once)
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
AMOUNTS: Final = ("text", "number")
#: Billing types whose details may be sent.
INCLUDABLE: Final = (BillingType.CHARGEABLE, BillingType.NON_CHARGEABLE, BillingType.COMPLIMENTARY)
#: What the client says itself; a mapping that could set these could leak or break a request.
RESERVED_HEADERS: Final = ("authorization", "cookie", "host", "content-length", "content-type", "transfer-encoding", "connection")

K = TypeVar("K")
V = TypeVar("V")

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
    def read(self, root: Node) -> FinanceMapping | None:
        if not isinstance(root, Entries):
            self.fault(root, "a mapping file is a mapping of keys to values")
            return None
        self.check_keys(root, NEEDED, ALLOWED)
        target = self.text(root, "target", form=_TARGET, like="rest")
        once = self._once(root)
        calls = {name: self._call(root, name) for name in ("find", "create", "status", "cancel")}
        key_header = self.text(root, "key_header", form=_HEADER, like="Idempotency-Key")
        rules = self._document(root)
        lifetime = self.whole(root, "key_lifetime_hours", usual=24, least=1)
        settle = self.whole(root, "settle_seconds", usual=0)
        states = self._table(root, "states", self._state)
        outcomes = self._table(root, "outcomes", self._outcome)
        create = calls["create"]
        if target is None or once is None or create is None:
            return None
        self._check_once(root, once, key_header, calls)
        return FinanceMapping(
            target=target,
            once=once,
            key_header=key_header,
            key_lifetime_hours=lifetime,
            settle_seconds=settle,
            find=calls["find"],
            create=create,
            status=calls["status"],
            cancel=calls["cancel"],
            states=MappingProxyType(states),
            outcomes=MappingProxyType(outcomes),
            document=rules,
            source=self.path,
        )

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

    def _call(self, root: Entries, name: str) -> FinanceCall | None:
        node = self.entries(root, name, like="{method: GET, path: /invoices/{reference}, success: [200]}")
        if node is None or not self.check_keys(node, CALL_NEEDED, CALL_ALLOWED, where=f" in {name!r}"):
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
            read=MappingProxyType(self._pointers(node)),
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

    def _pointers(self, node: Entries) -> dict[str, str]:
        given = self.entries(node, "read", like="{id: /id, number: /number}")
        pointers: dict[str, str] = {}
        for key, value in () if given is None else given.pairs:
            if key.text not in ANSWERS:
                self.fault(key, f"unknown answer {key.text!r}", did_you_mean(key.text, ANSWERS))
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

    def _document(self, root: Entries) -> DocumentRules:
        node = self.entries(root, "document", like="{amounts: text, include: [chargeable]}")
        if node is None or not self.check_keys(node, (), ("amounts", "include"), where=" in 'document'"):
            return DocumentRules()
        amounts = self.choice(node, "amounts", AMOUNTS)
        include = {BillingType.CHARGEABLE}
        words = [billing_type.value for billing_type in INCLUDABLE]
        for item in self.items(node, "include", like="[chargeable, non-chargeable]"):
            if item.text in words:
                include.add(BillingType(item.text))
            else:
                self.fault(item, f"{item.text!r} is no billing type that is invoiced", did_you_mean(item.text, words))
        return DocumentRules(amounts="number" if amounts == "number" else "text", include=frozenset(include))
