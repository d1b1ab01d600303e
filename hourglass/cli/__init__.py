"""The `hourglass` command: one file per noun. It opens the real edges and hands them to the programs.

Heavy imports (the chain and bus clients) wait until a command needs them, so that `--help` is instant.
"""
