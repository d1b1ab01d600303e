"""Cerberus's messages, generated from protos/cerberus."""
