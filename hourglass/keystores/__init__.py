"""Keystores, bytes in and bytes out: every form in which operators of Hourglass and EigenLayer have their keys."""
