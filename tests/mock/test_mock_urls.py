"""URLs as clients write them: every spelling of a query means the same, and no text breaks the readers of options."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from urllib.parse import parse_qsl, quote, quote_plus, urlencode

from filter_trees import row, tree
from hypothesis import given, settings
from hypothesis import strategies as st
from mock_caller import API

from proforma.mock import World
from proforma.mock.http import Request, Response
from proforma.mock.state import State
from proforma.mock.values import Value, decode, mapping_of

CHANCE = random.Random(7)
ACCOUNTS: list[Value] = [row(CHANCE) for _ in range(12)]
CONTACTS: list[Value] = [{"contactid": "@c", "fullname": "Åse", "_parentcustomerid_value": "@a"}]
STATE = State(world=World({"accounts": [*ACCOUNTS, {"accountid": "@a", "name": "Åse & Co"}], "contacts": CONTACTS}))
HEADERS = {"authorization": "Bearer x", "host": "h"}


def asked(query: str, path: str = "accounts", **headers: str) -> Response:
    """The answer to a query as it stands in a URL."""
    return STATE.respond(Request(method="GET", path=API + path, query=query, headers={**HEADERS, **headers}))


def ids(response: Response) -> list[Value]:
    assert response.status == 200, response.body
    rows = mapping_of(decode(response.body))["value"]
    assert isinstance(rows, list)
    return [mapping_of(found)["accountid"] for found in rows]


SPELLINGS: dict[str, Callable[[str], str]] = {
    "bare": lambda text: text.replace("%", "%25").replace("&", "%26").replace("+", "%2B").replace("#", "%23"),
    "percent": lambda text: quote(text, safe=""),
    "lower": lambda text: quote(text, safe="").lower() if text.islower() else quote(text, safe="'(),"),
    "plus": quote_plus,
    "every": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
}


@settings(max_examples=150)
@given(st.integers(min_value=0, max_value=2**32))
def test_every_spelling_of_a_query_means_the_same(seed: int) -> None:
    """Blanks as `+` or `%20`, quotes bare or encoded, hexadecimal digits in either case, `$` encoded (W-7)."""
    text = tree(random.Random(seed)).odata
    wanted = ids(asked("$select=name&$filter=" + quote(text, safe="")))
    for written in SPELLINGS.values():
        assert ids(asked(f"%24select=name&{written('$filter')}={written(text)}")) == wanted


@settings(max_examples=50)
@given(st.integers(min_value=0, max_value=2**32), st.sampled_from(["name", "creditlimit desc", "name desc,lastonholdtime"]))
def test_links_survive_being_taken_apart(seed: int, order: str) -> None:
    """A client that splits a link and lets its library encode it again reaches every row once (W-90, W-92)."""
    query = urlencode({"$select": "name", "$filter": tree(random.Random(seed)).odata, "$orderby": order})
    wanted = ids(asked(query))
    found: list[Value] = []
    while query:
        response = asked(query, prefer="odata.maxpagesize=3")
        found += ids(response)
        link = str(mapping_of(decode(response.body)).get("@odata.nextLink", ""))
        query = urlencode(parse_qsl(link.partition("?")[2], keep_blank_values=True))
    assert found == wanted


PIECES = re.findall(
    r"\S+",
    "name accountid primarycontactid contact_customer_accounts ownerid nix $select $filter $orderby $top $expand $ref $levels ( ) ; , = / "
    "asc desc eq 'x' 1 @p null . * %20 + any : c Microsoft.Dynamics.CRM.In PropertyName PropertyValues [ ]",
)
OPTIONS = st.sampled_from(["$select", "$orderby", "$expand", "$filter", "$top", "$count", "$skiptoken", "$apply", "$deltatoken"])
TEXTS = st.lists(st.sampled_from([*PIECES, " "]), max_size=14).map("".join) | st.text(max_size=30)


PREFERENCES = st.sampled_from(["", 'odata.include-annotations="*"', "odata.maxpagesize=2"])
DEFINITIONS = st.sampled_from(["EntityDefinitions", "RelationshipDefinitions", "GlobalOptionSetDefinitions"])


@settings(max_examples=400)
@given(st.lists(st.tuples(OPTIONS, TEXTS), min_size=1, max_size=3), PREFERENCES)
def test_any_options_are_answered_or_refused(options: list[tuple[str, str]], prefer: str) -> None:
    """Whatever stands in an option, it is read or refused in Dataverse's form (W-184)."""
    response = asked("&".join(f"{name}={quote(text, safe='')}" for name, text in options), prefer=prefer)
    assert response.status in (200, 400, 501)
    assert response.status == 200 or mapping_of(mapping_of(decode(response.body))["error"]).keys() >= {"code", "message"}


@settings(max_examples=200)
@given(DEFINITIONS, TEXTS, st.lists(st.tuples(OPTIONS, TEXTS), max_size=2))
def test_any_path_below_definitions_is_answered_or_refused(name: str, rest: str, options: list[tuple[str, str]]) -> None:
    """The same below the definitions."""
    query = "&".join(f"{name}={quote(text, safe='')}" for name, text in options)
    assert asked(query, path=f"{name}/{quote(rest, safe='()/')}").status in (200, 400, 404)
