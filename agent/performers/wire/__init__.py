"""The messages between agent and performer, generated from protos/performer."""
