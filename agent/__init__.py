"""One operator's process: hears of phases, checks them against the chain, works them, signs the results.

`duty.py` and `checks.py` decide, pure; `signer.py` is the only holder of the keys and `journal.py` its memory;
`performers/` run the AVS's code; `node.py` joins them. What travels lives in `messages`, what is signed in
`hourglass.certificate`.
"""
