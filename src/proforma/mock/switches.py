"""The switches of the Dataverse side that a world makes under `$dataverse`."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from proforma.mock.values import Value


class ChangeTracking(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Change tracking. `lifetime_days`: age at which a delta token expires (W-175); `disabled`: entity sets without it (W-163)."""

    lifetime_days: float = 7
    disabled: tuple[str, ...] = ()

    @property
    def lifetime(self) -> timedelta:
        """Age at which a token expires."""
        return timedelta(days=self.lifetime_days)


class Duplicates(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Rules of duplicate detection (W-127): entity set → lists of columns that no two rows may share."""

    rules: dict[str, tuple[tuple[str, ...], ...]] = {}


class DataverseSwitches(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What `$dataverse` of a world may say."""

    change_tracking: ChangeTracking = ChangeTracking()
    duplicates: Duplicates = Duplicates()


def dataverse_switches(document: Value) -> DataverseSwitches:
    """The switches of a document; raises `msgspec.ValidationError` for one that does not exist or fit."""
    return msgspec.convert(document or {}, DataverseSwitches, strict=False)
