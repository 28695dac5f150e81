"""Steps from one schema of the store to the next, applied by `Store.open`. A released step is never edited: a store may have taken it."""
