"""Change tracking: the full set with a delta link at its end, then changes and deletions since (W-163 to W-178)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias
from urllib.parse import quote, unquote_plus

from proforma.mock.dataverse.errors import JSON_TYPE, ODataError, syntax_error
from proforma.mock.dataverse.ordering import Cursor, Ordering, cursor_of, token_of
from proforma.mock.dataverse.query import Options, Preferences
from proforma.mock.dataverse.rows import Renderer
from proforma.mock.http import Request, Response, json_response
from proforma.mock.values import Row, Value
from proforma.mock.world import Deleted, Table, World

Entries: TypeAlias = "Sequence[Row | Deleted]"

_TIME: Final = "%m/%d/%Y %H:%M:%S"
_TOKEN: Final = re.compile(r"(\d{1,18})!(\d\d/\d\d/\d{4} \d\d:\d\d:\d\d)")
_REFUSED: Final = (("filter", "$filter"), ("order", "$orderby"), ("expands", "$expand"), ("top", "$top"))


@dataclass(frozen=True, slots=True)
class Stamp:
    """The place in the history that a delta token names: the version counter, and when it was read."""

    version: int
    at: datetime

    @property
    def text(self) -> str:
        """As a token shows it, decoded (W-166)."""
        return f"{self.version}!{self.at.strftime(_TIME)}"


def is_tracked(options: Options, preferences: Preferences) -> bool:
    """Whether a collection request belongs to change tracking: by its preference, its token or its page token."""
    if options.delta_token is not None or preferences.track_changes:
        return True
    return options.skip_token is not None and cursor_of(options.skip_token).stamp is not None


def tracked_response(
    world: World, table: Table, request: Request, api: str, options: Options, preferences: Preferences, rows_max: int
) -> Response:
    """A page of the full set, or of the changes since a token; a page has `rows_max` entries at most."""
    _check(world, table, options)
    cursor = cursor_of(options.skip_token) if options.skip_token is not None else None
    size = min(preferences.page_size or (cursor.page_size if cursor else rows_max), rows_max)
    since = stamp_of(options.delta_token, world) if options.delta_token is not None else None
    entries = _full(world, table, cursor) if since is None else _changes(world, table, since, cursor)
    # The counter is read with the first page: what changes while the set is paged comes again with the delta (W-177).
    now = _stamp(cursor.stamp) if cursor and cursor.stamp else Stamp(world.version, world.now())
    renderer = Renderer(world, table, select=options.select, preferences=preferences)
    document: dict[str, Value] = {"@odata.context": _context(table, api, options, since)}
    if options.count:
        document["@odata.count"] = min(len(entries), rows_max)
    document["value"] = [_shown(renderer, table, api, entry) for entry in entries[:size]]
    if len(entries) > size:
        last = _place(world, table, entries[size - 1], since, cursor)
        following = Cursor(page=cursor.page + 1 if cursor else 1, page_size=size, last=last, stamp=now.text)
        token = quote(token_of(following, table.schema.primary_id), safe="")
        document["@odata.nextLink"] = _link(request, ("$skiptoken", token), kept="$deltatoken")
    else:
        document["@odata.deltaLink"] = _link(request, ("$deltatoken", _encoded(now.text)))
    applied = [("Preference-Applied", text) for text in preferences.applied if "representation" not in text.lower()]
    return json_response(200, document, ("Content-Type", JSON_TYPE), *applied)


def changes_count(world: World, table: Table, options: Options) -> int:
    """How many entries the delta of a token has (W-174)."""
    _check(world, table, options)
    return len(_changes(world, table, stamp_of(options.delta_token or "", world), None))


def stamp_of(text: str, world: World) -> Stamp:
    """The stamp of a token; raises when it is unreadable, too old or of another history (W-175)."""
    stamp = _stamp(text)
    too_old = world.now() - stamp.at >= world.switches.change_tracking.lifetime
    if too_old or not world.first_token <= stamp.version <= world.version:
        raise ODataError(400, "0x80044352", "Version stamp associated with the client has expired. Please perform a full sync.")
    return stamp


def _stamp(text: str) -> Stamp:
    found = _TOKEN.fullmatch(text.strip())
    try:
        if found is not None:
            return Stamp(int(found[1]), datetime.strptime(found[2], _TIME).replace(tzinfo=UTC))
    except ValueError:
        pass
    raise syntax_error(f"The $deltatoken '{text}' cannot be read: follow @odata.deltaLink as it is.")


def _check(world: World, table: Table, options: Options) -> None:
    """Refuse tables without tracking (W-163) and options that do not go with it (W-167)."""
    if not world.tracks(table.schema):
        raise syntax_error(f"Change tracking is not enabled for the entity '{table.schema.logical}'.")
    for member, option in _REFUSED:
        if getattr(options, member) not in (None, ()):
            raise syntax_error(f'The "{option}" query parameter isn\'t supported when Change Tracking is enabled.')


def _full(world: World, table: Table, cursor: Cursor | None) -> Entries:
    """All rows by key, behind the page that the cursor ended; deleted rows are never among them (W-164)."""
    ordering = Ordering(world, table, ())
    rows = ordering.rows()
    return rows[ordering.after(rows, cursor.last) :] if cursor else rows


def _changes(world: World, table: Table, since: Stamp, cursor: Cursor | None) -> Entries:
    """Changed rows by version, then deletions (W-169), each once (W-170), behind the page that the cursor ended."""
    row_version, deleted_version, deletions_only = _versions(cursor) if cursor else (since.version, since.version, False)
    changed = [] if deletions_only else [row for row in table.rows.values() if _version(row) > row_version]
    changed.sort(key=_version)
    gone = {
        entry.id: entry
        for entry in world.deleted
        if entry.version > deleted_version and entry.entity_set == table.schema.entity_set and entry.id not in table.rows
    }
    return [*changed, *sorted(gone.values(), key=lambda entry: entry.version)]


def _version(row: Row) -> int:
    version = row.get("versionnumber")
    return version if isinstance(version, int) else 0


def _place(world: World, table: Table, last: Row | Deleted, since: Stamp | None, cursor: Cursor | None) -> tuple[Value, ...]:
    """Where the page ends: the key in a full set; versions of rows and deletions, and whether those began, in a delta."""
    if isinstance(last, Deleted):
        return 0, last.version, True
    if since is None:
        return Ordering(world, table, ()).last(last)
    return _version(last), _versions(cursor)[1] if cursor else since.version, False


def _versions(cursor: Cursor) -> tuple[int, int, bool]:
    match cursor.last:
        case (int(rows), int(deletions), bool(began)):
            return rows, deletions, began
    raise syntax_error("The $skiptoken cannot be read: follow @odata.nextLink as it is.")


def _shown(renderer: Renderer, table: Table, api: str, entry: Row | Deleted) -> Value:
    if not isinstance(entry, Deleted):
        return renderer.row(entry)
    context = f"{api}$metadata#{table.schema.entity_set}/$deletedEntity"
    return {"@odata.context": context, "id": entry.id, "reason": "deleted"}


def _context(table: Table, api: str, options: Options, since: Stamp | None) -> str:
    chosen = f"({','.join(options.select)})" if options.select else ""
    return f"{api}$metadata#{table.schema.entity_set}{chosen}{'/$delta' if since else ''}"


def _link(request: Request, token: tuple[str, str], *, kept: str = "") -> str:
    """The same URL with its options as they were sent, but for the count and the tokens (W-165, W-166)."""
    dropped = {"$skiptoken", "$deltatoken", "$count"} - {kept}
    parts = [part for part in request.query.split("&") if part and unquote_plus(part.partition("=")[0]) not in dropped]
    return f"{request.base}{request.path}?{'&'.join([*parts, '='.join(token)])}"


def _encoded(text: str) -> str:
    """As Dataverse writes it: everything encoded, hexadecimal digits in lower case."""
    return re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), quote(text, safe=""))
