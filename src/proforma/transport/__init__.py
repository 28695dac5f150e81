"""What both remote sides share: session, sign-in, retries, redaction, the same-origin guard and the decoding of JSON.

It never knows what the bytes mean: no table, no invoice, no mapping, and no record of the domain passes through its hands.
"""
