"""The long-running side: cycles on a schedule, one process at a time, and what people are told about it.

Never does a stage's work itself; it says when, `sync` says how.
"""
