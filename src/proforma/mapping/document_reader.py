"""Reads the key `document` of a finance mapping: how the document is written, and on what its lines are booked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, get_args

from proforma.domain.codes import BillingType, LineType
from proforma.mapping.faults import did_you_mean
from proforma.mapping.finance import COMMENT_TEXT, COMMENT_WORDS, AccountKind, AccountRule, DocumentRules
from proforma.mapping.reading import KeyReader
from proforma.mapping.yaml_source import Entries, Items, Node, Scalar

DOCUMENT_KEYS: Final = (
    "amounts",
    "include",
    "customers",
    "units",
    "accounts",
    "due_days",
    "other_units",
    "zero",
    "comments",
    "comment_text",
)
AMOUNTS: Final = ("text", "number")
OTHER_UNITS: Final = ("keep", "refuse")
ZERO: Final = ("send", "close")
#: Billing types whose details may be sent.
INCLUDABLE: Final = (BillingType.CHARGEABLE, BillingType.NON_CHARGEABLE, BillingType.COMPLIMENTARY)
#: Billing types that add nothing to an invoice, and may be told as comments.
COMMENTABLE: Final = (BillingType.NON_CHARGEABLE, BillingType.COMPLIMENTARY)
ACCOUNT_KINDS: Final[tuple[AccountKind, ...]] = get_args(AccountKind)
#: What a rule may look at besides the type of line.
NAMED: Final = ("category", "role", "product", "project")
#: What may stand in braces in the number of an account.
ACCOUNT_PLACEHOLDERS: Final = ("customer", "contract", *NAMED)

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


class DocumentReader(KeyReader):
    """Reads one file's `document`."""

    def rules(self, root: Entries) -> DocumentRules:
        """The rules; the usual ones where the key is missing."""
        node = self.entries(root, "document", like="{amounts: text, include: [chargeable]}")
        if node is None or not self.check_keys(node, (), DOCUMENT_KEYS, where=" in 'document'"):
            return DocumentRules()
        amounts = self.choice(node, "amounts", AMOUNTS)
        due_days = self.whole(node, "due_days", usual=-1)
        include, comments = frozenset(self._included(node)), frozenset(self._commented(node))
        for word in sorted(include & comments):
            self.fault(node.get("comments") or node, f"{word.value!r} is either part of its lines or a comment", "take it out of include")
        return DocumentRules(
            comments=comments,
            comment_text=self._comment_text(node),
            amounts="number" if amounts == "number" else "text",
            include=include,
            customers=self._names(node, "customers"),
            units=self._names(node, "units"),
            accounts=tuple(self._accounts(node)),
            due_days=None if due_days < 0 else due_days,
            other_units="refuse" if self.choice(node, "other_units", OTHER_UNITS) == "refuse" else "keep",
            zero="close" if self.choice(node, "zero", ZERO) == "close" else "send",
        )

    def _included(self, node: Entries) -> set[BillingType]:
        include = {BillingType.CHARGEABLE}
        words = [billing_type.value for billing_type in INCLUDABLE]
        for item in self.items(node, "include", like="[chargeable, non-chargeable]"):
            if item.text in words:
                include.add(BillingType(item.text))
            else:
                self.fault(item, f"{item.text!r} is no billing type that is invoiced", did_you_mean(item.text, words))
        return include

    def _commented(self, node: Entries) -> set[BillingType]:
        comments: set[BillingType] = set()
        words = [billing_type.value for billing_type in COMMENTABLE]
        for item in self.items(node, "comments", like="[non-chargeable, complimentary]"):
            if item.text in words:
                comments.add(BillingType(item.text))
            else:
                self.fault(
                    item,
                    f"{item.text!r} adds to the invoice or is no billing type: a comment cannot say it",
                    did_you_mean(item.text, words),
                )
        return comments

    def _comment_text(self, node: Entries) -> str:
        text = self.text(node, "comment_text", like="'{date} {description}'")
        for name in _PLACEHOLDER.findall(text or ""):
            if name not in COMMENT_WORDS:
                self.fault(node.get("comment_text") or node, f"unknown placeholder {{{name}}}", did_you_mean(name, COMMENT_WORDS))
        return text or COMMENT_TEXT

    def _names(self, node: Entries, key: str) -> Mapping[str, str]:
        given = self.entries(node, key, like="{Hour: HUR}")
        names: dict[str, str] = {}
        for name, value in () if given is None else given.pairs:
            if isinstance(value, Scalar) and isinstance(value.value, str) and value.value:
                names[name.text] = value.value
            else:
                self.fault(value, f"{name.text!r} is a text", "put it in quotes")
        return MappingProxyType(names)

    def _accounts(self, node: Entries) -> list[AccountRule]:
        given = node.get("accounts")
        if given is None:
            return []
        if not isinstance(given, Items):
            self.fault(given, "'accounts' is a list: [{type: time, account: '401000'}, {account: '400000'}]")
            return []
        return [rule for item in given.nodes if (rule := self._account(item)) is not None]

    def _account(self, node: Node) -> AccountRule | None:
        if not isinstance(node, Entries):
            self.fault(node, "a rule for accounts is a mapping: {type: time, account: '401000'}")
            return None
        if not self.check_keys(node, (), ("type", *NAMED, *ACCOUNT_KINDS), where=" in a rule for accounts"):
            return None
        kinds = [kind for kind in ACCOUNT_KINDS if node.get(kind) is not None]
        number = self.text(node, kinds[0], like="'401000'") if len(kinds) == 1 else None
        if number is None:
            if len(kinds) != 1:
                self.fault(node, f"a rule for accounts names one of: {', '.join(ACCOUNT_KINDS)}")
            return None
        for name in _PLACEHOLDER.findall(number):
            if name not in ACCOUNT_PLACEHOLDERS:
                self.fault(node, f"unknown placeholder {{{name}}}", did_you_mean(name, ACCOUNT_PLACEHOLDERS))
        type_ = self.choice(node, "type", [word.value for word in LineType])
        named = {name: self.text(node, name) for name in NAMED}
        return AccountRule(kind=kinds[0], number=number, type=None if type_ is None else LineType(type_), **named)
