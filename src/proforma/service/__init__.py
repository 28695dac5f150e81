"""The long-running side: cycles on a schedule, one process at a time.

Never does a stage's work itself; it says when, `sync` says how.
"""
