"""BN254 signatures as EigenLayer uses them, pure: points and their checks, keys, signing, verifying, blame.

Signatures are in G1, public keys in both groups. Two backends do the arithmetic behind one small interface: mcl,
native and the default, and py_ecc, the reference that it is tested against and the fallback where no mcl wheel
exists. What is signed is not decided here: digests live in `hourglass.certificate`.
"""
