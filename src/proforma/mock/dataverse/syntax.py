"""The grammar of `$filter`: text to tree, with the position of every mistake (W-66, W-68, W-72, W-184)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeAlias

from proforma.mock.dataverse.errors import ODataError, syntax_error
from proforma.mock.values import as_guid, as_instant

Constant: TypeAlias = bool | Decimal | str | datetime | None

COMPARISONS: Final = frozenset({"eq", "ne", "gt", "ge", "lt", "le"})
FUNCTIONS: Final = frozenset({"contains", "startswith", "endswith"})
#: Functions and operators of OData that Dataverse does not take.
UNSUPPORTED: Final = frozenset({
    "tolower", "toupper", "trim", "concat", "length", "indexof", "substring", "year", "month", "day", "hour", "minute", "second",
    "fractionalseconds", "date", "time", "now", "totaloffsetminutes", "mindatetime", "maxdatetime", "round", "floor", "ceiling", "cast",
    "isof",
})  # fmt: skip
OPERATORS_UNSUPPORTED: Final = frozenset({"in", "has", "add", "sub", "mul", "div", "divby", "mod"})
_BINDING: Final = {"or": 1, "and": 2, **dict.fromkeys(COMPARISONS, 3)}
_NOT_BINDING: Final = 4
_DEPTH_MAX: Final = 100
_CONDITIONS_MAX: Final = 500
_NAMESPACE: Final = "Microsoft.Dynamics.CRM."
_VALUES: Final = ("PropertyValues", "PropertyValue", "PropertyValue1", "PropertyValue2")


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant. `kind`: null, boolean, number, text, guid, instant, enum (its member's name)."""

    kind: str
    value: Constant


@dataclass(frozen=True, slots=True)
class Path:
    """A column, or lookups that lead to one."""

    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two operands and one of eq, ne, gt, ge, lt, le."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Junction:
    """`and` or `or` of two conditions."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Negation:
    """`not` of a condition."""

    of: Node


@dataclass(frozen=True, slots=True)
class Match:
    """contains, startswith or endswith."""

    function: str
    subject: Node
    pattern: Node


@dataclass(frozen=True, slots=True)
class Named:
    """A query function with named parameters, such as `Microsoft.Dynamics.CRM.In`."""

    function: str
    property: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lambda:
    """`any` or `all` over a collection; without variable and condition: whether it has rows (W-71)."""

    collection: tuple[str, ...]
    quantifier: str
    variable: str | None
    condition: Node | None


Node: TypeAlias = Literal | Path | Comparison | Junction | Negation | Match | Named | Lambda


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text. `kind`: literal, name, alias, quoted (double quotes), sign, end."""

    kind: str
    text: str
    position: int
    literal: Literal | None = None


_PATTERNS: Final = re.compile(
    r"""(?P<blank>\s+)
      |(?P<text>'(?:[^']|'')*')
      |(?P<quoted>"(?:[^"\\]|\\.)*")
      |(?P<guid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![\w-]))
      |(?P<instant>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,7})?)?(?:[zZ]|[+-]\d\d:\d\d)(?![\w-]))
      |(?P<date>\d{4}-\d\d-\d\d(?![\w-]))
      |(?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[lLmMdDfF]?(?![\w.-]))
      |(?P<enum>[A-Za-z_][\w]*(?:\.\w+)+'(?:[^']|'')*')
      |(?P<alias>@[A-Za-z_]\w*)
      |(?P<name>[A-Za-z_][\w.]*)
      |(?P<sign>[(),/:=\[\]])""",
    re.VERBOSE,
)


def parse_filter(text: str, aliases: Mapping[str, str]) -> Node:
    """The tree of a `$filter`; `aliases` are the `@name=` parameters of the URL (W-75)."""
    return _Parser(text, aliases).whole()


def parse_literal(text: str) -> Literal:
    """A single constant, as in a key or an alias."""
    node = _Parser(text, {}).whole()
    if not isinstance(node, Literal):
        raise syntax_error(f"A literal was expected at position 0 in '{text}'.")
    return node


def tokens(text: str) -> list[Token]:
    """The pieces of the text, an end mark last."""
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = _PATTERNS.match(text, position)
        if match is None:
            raise _unreadable(text, position)
        if match.lastgroup != "blank":
            found.append(_token(str(match.lastgroup), match[0], position, text))
        position = match.end()
    return [*found, Token("end", "", len(text))]


def _unreadable(text: str, position: int) -> ODataError:
    if text[position] in "'\"":
        return syntax_error(f"There is an unterminated literal at position {len(text)} in '{text}'.")
    return syntax_error(f"Syntax error: character '{text[position]}' is not valid at position {position} in '{text}'.")


def _token(kind: str, word: str, position: int, whole: str) -> Token:
    if kind in ("alias", "sign", "quoted"):
        return Token(kind, word, position)
    if kind == "name":
        literal = {"null": Literal("null", None), "true": Literal("boolean", True), "false": Literal("boolean", False)}.get(word)
        return Token("literal" if literal else "name", word, position, literal)
    return Token("literal", word, position, _literal(kind, word, position, whole))


def _literal(kind: str, word: str, position: int, whole: str) -> Literal:
    if kind == "text":
        return Literal("text", word[1:-1].replace("''", "'"))
    if kind == "enum":  # W-47
        return Literal("enum", word[:-1].partition("'")[2])
    if kind == "guid":
        return Literal("guid", as_guid(word))
    if kind == "number":
        return Literal("number", Decimal(word.rstrip("lLmMdDfF")))
    instant = as_instant(word)
    if instant is None:
        raise syntax_error(f"Unrecognized date literal '{word}' at position {position} in '{whole}'.")
    return Literal("instant", instant)


class _Parser:
    """Pratt: every operator knows how strongly it binds."""

    def __init__(self, text: str, aliases: Mapping[str, str]) -> None:
        self._text = text
        self._aliases = aliases
        self._tokens = tokens(text)
        self._next = 0
        self._depth = 0
        self._conditions = 0

    def whole(self) -> Node:
        node = self._expression(0)
        if self._peek().kind != "end":
            raise self._syntax(self._peek())
        return node

    def _expression(self, binding: int) -> Node:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise syntax_error(f"The filter is nested more than {_DEPTH_MAX} deep.")
        left = self._operand()
        while (strength := self._strength(self._peek())) > binding:
            left = self._joined(left, self._take().text, strength)
        self._depth -= 1
        return left

    def _strength(self, token: Token) -> int:
        if token.text in OPERATORS_UNSUPPORTED and token.kind == "name":  # W-66
            raise syntax_error(f"The operator '{token.text}' at position {token.position} in '{self._text}' is not supported.")
        if token.kind == "name" and token.text not in _BINDING:
            raise self._syntax(token)
        return _BINDING.get(token.text, 0) if token.kind == "name" else 0

    def _joined(self, left: Node, operator: str, strength: int) -> Node:
        right = self._expression(strength)
        if operator not in COMPARISONS:
            return Junction(operator, left, right)
        self._count()
        return Comparison(operator, left, right)

    def _operand(self) -> Node:
        token = self._take()
        if token.literal is not None:
            return token.literal
        if token.kind == "alias":
            return self._alias(token)
        if token.text == "(":
            node = self._expression(0)
            self._expect(")")
            return node
        if token.kind == "name":
            return self._named(token)
        raise self._syntax(token)

    def _named(self, token: Token) -> Node:
        if token.text == "not":
            return Negation(self._expression(_NOT_BINDING))
        if token.text.startswith(_NAMESPACE):
            return self._query_function(token.text.removeprefix(_NAMESPACE))
        if self._peek().text == "(" and self._peek().kind == "sign":
            return self._function(token)
        return self._path(token)

    def _path(self, token: Token) -> Node:
        steps = [token.text]
        while self._peek().text == "/":
            self._take()
            step = self._take()
            if step.kind != "name":
                raise self._syntax(step)
            if step.text in ("any", "all") and self._peek().text == "(":
                return self._lambda(tuple(steps), step)
            steps.append(step.text)
        return Path(tuple(steps))

    def _lambda(self, collection: tuple[str, ...], quantifier: Token) -> Node:
        self._expect("(")
        self._count()
        if self._peek().text == ")" and quantifier.text == "any":
            self._take()
            return Lambda(collection, "any", None, None)
        variable = self._take()
        if variable.kind != "name":
            raise self._syntax(variable)
        self._expect(":")
        condition = self._expression(0)
        self._expect(")")
        return Lambda(collection, quantifier.text, variable.text, condition)

    def _function(self, token: Token) -> Node:
        if token.text in UNSUPPORTED:  # W-66
            raise syntax_error(f"The function '{token.text}' at position {token.position} in '{self._text}' is not supported.")
        if token.text not in FUNCTIONS:
            raise syntax_error(f"An unknown function with name '{token.text}' was found at position {token.position} in '{self._text}'.")
        self._expect("(")
        subject = self._expression(0)
        self._expect(",")
        pattern = self._expression(0)
        self._expect(")")
        self._count()
        return Match(token.text, subject, pattern)

    def _query_function(self, function: str) -> Node:
        self._expect("(")
        parameters = dict([self._parameter()])
        while self._peek().text == ",":
            self._take()
            parameters.update([self._parameter()])
        self._expect(")")
        self._count()
        name = parameters.pop("PropertyName", ())
        values = tuple(value for key in _VALUES for value in parameters.pop(key, ()))
        if len(name) != 1 or parameters:
            raise syntax_error(f"The parameters of '{_NAMESPACE}{function}' are PropertyName and PropertyValues.")
        return Named(function, name[0], values)

    def _parameter(self) -> tuple[str, tuple[str, ...]]:
        name = self._take()
        if name.kind != "name":
            raise self._syntax(name)
        self._expect("=")
        if self._peek().text != "[":
            return name.text, (self._plain(),)
        self._take()
        values: list[str] = []
        while self._peek().text != "]":
            values.append(self._plain())
            if self._peek().text == ",":
                self._take()
        self._expect("]")
        return name.text, tuple(values)

    def _plain(self) -> str:
        token = self._take()
        if token.kind == "quoted":
            return re.sub(r"\\(.)", r"\1", token.text[1:-1])
        node = self._alias(token) if token.kind == "alias" else token.literal
        if node is None:
            raise self._syntax(token)
        return token.text if node.kind != "text" and token.kind != "alias" else str(node.value)

    def _alias(self, token: Token) -> Literal:
        text = self._aliases.get(token.text)
        return Literal("null", None) if text is None else parse_literal(text)

    def _count(self) -> None:
        self._conditions += 1
        if self._conditions > _CONDITIONS_MAX:  # W-74
            raise ODataError(400, "0x8004430C", "Number of conditions in query exceeded maximum limit.")

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._tokens[self._next]
        if token.kind != "end":
            self._next += 1
        return token

    def _expect(self, sign: str) -> None:
        token = self._take()
        if token.kind != "sign" or token.text != sign:
            expected = "')' or ','" if sign == ")" else f"'{sign}'"
            raise syntax_error(f"{expected} expected at position {token.position} in '{self._text}'.")

    def _syntax(self, token: Token) -> ODataError:
        return syntax_error(f"Syntax error at position {token.position} in '{self._text}'.")
