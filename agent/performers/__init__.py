"""What runs the AVS's code: a process of its own, which has no keys and may crash, hang or lie to itself.

`port.py` says what a performer does; `python.py` runs Python workflows in a child process, `python_worker.py` is that
child. What happens to a value afterwards, and which reason a failure gets towards aggregators, is the agent's.
"""
