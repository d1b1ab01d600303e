"""The aggregator node: solicits, tallies, certifies and submits.

`session.py` decides, pure, one object per phase attempt; `node.py` joins it to the bus and the chain. It keeps
nothing that it cannot rebuild: open phases come from the chain, signatures from asking the agents again. What
travels lives in `messages`, what a certificate is in `hourglass.certificate`.
"""
