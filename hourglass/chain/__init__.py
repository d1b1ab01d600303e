"""The EVM edge: reading the contracts, watching their events, sending transactions.

Here live the port that everything else sees, the one real client, its in-memory twin, the watcher and the
transaction sender. Here is no knowledge of messages or the bus, and no protocol rule: those are pure and below.
"""
