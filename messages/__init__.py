"""What travels between agents and aggregators, pure: subjects, message types, and their bytes.

Messages are frozen values; `wire` is the one place where they become bytes and back. How bytes travel is
`hourglass.bus`', and whether to believe a message is its receiver's.
"""
