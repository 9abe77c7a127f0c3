"""The evaluation node whose measuring fails as nobody expects."""

from __future__ import annotations

import sys
from typing import Any

from tr2m_ros import eval_measuring, eval_node


def measure_frame(*_: Any) -> None:
    raise ZeroDivisionError("nobody expects it")


if __name__ == "__main__":
    eval_measuring.measure_frame = measure_frame
    sys.exit(eval_node.main())
