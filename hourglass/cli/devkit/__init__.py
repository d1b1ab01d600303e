"""What the scripts of a DevKit project do. `deploy/devkit/` is the template; its scripts only call `hourglass devkit`.

DevKit starts a script in the project's folder with its context as JSON in the first argument. A script says what it
does on standard error and prints nothing but JSON on standard output. Everything about DevKit is in this room: its
context, its parameters, its words for keys and operator sets.
"""
