"""The `hourglass` command: one file per noun. It opens the real edges and hands them to the programs."""
