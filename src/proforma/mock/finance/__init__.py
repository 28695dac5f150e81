"""The finance targets of the mock, each as its real counterpart answers, with one list of the documents they hold.

They never prevent a naive client from making a document twice: that is what tests count.
"""
