"""The flow: one module a stage (pull, price, draft, push), each reading what the stage before committed and committing its own result.

Never decides a price or what may be billed (`pricing`, `invoicing`), never talks HTTP itself (`dataverse`, `finance`).
"""
