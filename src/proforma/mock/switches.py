"""The switches of the Dataverse side that a world makes under `$dataverse`."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, TypeAlias

import msgspec

from proforma.mock.values import Value

Privilege: TypeAlias = Literal["read", "create", "write", "delete"]


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


class OptimisticConcurrency(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Writes guarded by a row's tag. `disabled`: entity sets that cannot be guarded (W-141)."""

    disabled: tuple[str, ...] = ()


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Service protection for each user on each server; the defaults are the real ones (W-190).

    `duration_ms`: execution time that every operation is counted with beside its own; `servers`: how many share the work (W-196).
    """

    requests: Annotated[int, msgspec.Meta(ge=1)] = 6000
    execution_ms: Annotated[int, msgspec.Meta(ge=1)] = 1_200_000
    window_seconds: Annotated[int, msgspec.Meta(ge=1)] = 300
    concurrent: Annotated[int, msgspec.Meta(ge=1)] = 52
    duration_ms: Annotated[int, msgspec.Meta(ge=0)] = 0
    servers: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1


class DataverseSwitches(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What `$dataverse` of a world may say.

    `denied`: entity set → privileges that the caller lacks (W-185); `project_rules`: whether writes are refused that Project
    Operations refuses (I-130, D-110); `throttling`: `real`, or other numbers (W-198).
    """

    change_tracking: ChangeTracking = ChangeTracking()
    duplicates: Duplicates = Duplicates()
    optimistic_concurrency: OptimisticConcurrency = OptimisticConcurrency()
    denied: dict[str, tuple[Privilege, ...]] = {}
    project_rules: bool = True
    throttling: Limits | Literal["real"] | None = None

    @property
    def limits(self) -> Limits | None:
        """The limits in force, None without any."""
        return Limits() if self.throttling == "real" else self.throttling


def dataverse_switches(document: Value) -> DataverseSwitches:
    """The switches of a document; raises `msgspec.ValidationError` for one that does not exist or fit."""
    return msgspec.convert(document or {}, DataverseSwitches, strict=False)
