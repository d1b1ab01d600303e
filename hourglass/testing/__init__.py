"""The test kit: the whole network, on this machine as real processes, or in one process on seeded virtual time.

For AVS developers' tests, for `hourglass dev`, and for this project's own tests. Nothing that runs in production
imports it; it is the only room that uses the in-memory twins of bus and chain.
"""
