"""What is signed and what comes of it, pure: slots, digests, operator tables, the stake tally, certificates.

Everything here must match EigenLayer's deployed contracts bit for bit. No IO, no clock, no keys: signing is the
agent's, arithmetic is `hourglass.bls`', travelling is `messages`'.
"""
