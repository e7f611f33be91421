"""Where the logits of a head of kind `plane` stand; see `heads` for what they are. No torch."""

from __future__ import annotations

SIGNS, RATINGS, KIND = slice(0, 2), slice(2, 4), slice(4, 5)
"""KIND is positive where RATINGS count."""
N_LOGITS = KIND.stop
