"""The evaluation node whose measuring fails as nobody expects."""

from __future__ import annotations

import sys
from typing import Any

from tr2m_ros import eval_measuring, eval_node


def measure_depth(*_: Any) -> None:
    raise ZeroDivisionError("nobody expects it")


if __name__ == "__main__":
    eval_measuring.measure_depth = measure_depth
    sys.exit(eval_node.main())
