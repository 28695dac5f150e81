"""The configuration: where the remote sides and the store are, which policies hold, and where each secret comes from.

Never opens a connection, and never shows a secret.
"""

from proforma.settings.configuration import (
    AuthSettings,
    Configuration,
    DocumentSettings,
    FinanceSettings,
    SellerSettings,
    SourceSettings,
    load_configuration,
)
from proforma.settings.monitoring import AlertSettings, MailSettings, MonitoringSettings, WebhookSettings
from proforma.settings.schedule import ScheduleSettings, Stage, Timing, cron

__all__ = [
    "AlertSettings",
    "AuthSettings",
    "Configuration",
    "DocumentSettings",
    "FinanceSettings",
    "MailSettings",
    "MonitoringSettings",
    "ScheduleSettings",
    "SellerSettings",
    "SourceSettings",
    "Stage",
    "Timing",
    "WebhookSettings",
    "cron",
    "load_configuration",
]
