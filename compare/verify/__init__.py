"""Verification: every number of a report recomputed from its JSON."""

from tegum.compare.verify.verify import Verification as Verification
from tegum.compare.verify.verify import verify as verify
