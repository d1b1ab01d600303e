"""What runs the AVS's code: a process of its own, which has no keys and may crash, hang or lie to itself.

`port` says what a performer does. `python` runs Python workflows in a child process; `python_worker` is that child.
`grpc` asks a gRPC performer, `statuses` says what its refusals mean, `reducing` reduces for it; `supervised` keeps one
running that the agent has started, as a `command` or a `container`. `routing` joins both kinds, `opening` opens what
is configured. `server` is the other side: Python handlers as a gRPC performer. What happens to a value afterwards, and
which reason a failure gets towards aggregators, is the agent's.
"""
