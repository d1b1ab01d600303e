"""What is read of EigenLayer's own contracts: who is in an operator set, with which key and how much stake.

Its certificate verifiers keep an operator table's root and nothing else, so whoever builds certificates has to rebuild
the table, from the chain where stake lives, as of the block that the table shows, and to compare roots. Nothing here is
believed before that. The tables themselves are `hourglass.certificate`'s.
"""
