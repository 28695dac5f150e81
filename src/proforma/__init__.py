"""proforma-sync: from Dynamics 365 Project Operations deals to proforma invoices in a finance system.

Start at `proforma.cli` for the commands and at `docs/` for the rules; the rooms are described in `docs/architecture.md`.
"""

__version__ = "0.1.0"
