"""The domain, pure: workflow definitions, the five phase types, and the machine that mirrors the contract.

Here live definitions, values, reducers, triggers, turns, and the fold over what the contract says happened.
Here is no IO, no clock, no randomness, and nothing about curves, messages or chains. Every other room may
import this one; it imports only `hourglass.errors` and `hourglass.reasons`.
"""
