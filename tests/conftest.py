"""For every test: what leaves the process as it found it only if it is loaded first, is loaded first."""

import hourglass.chain.signing

assert hourglass.chain.signing
