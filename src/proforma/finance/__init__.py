"""Finance targets behind one protocol: find a document by its reference, create it, ask how it stands.

Never decides when to send or what a doubt means for the ledger: that is the truth table of `sync.push` (F-83 … F-88).
"""

from proforma.finance.business_central import BusinessCentralTarget
from proforma.finance.document import FinanceDocument
from proforma.finance.dynamics import DynamicsTarget
from proforma.finance.questions import Question
from proforma.finance.rest import RestTarget
from proforma.finance.target import Found, Guarantee, Target, TargetRefusedError

__all__ = [
    "BusinessCentralTarget",
    "DynamicsTarget",
    "FinanceDocument",
    "Found",
    "Guarantee",
    "Question",
    "RestTarget",
    "Target",
    "TargetRefusedError",
]
