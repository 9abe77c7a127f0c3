"""How far a prediction is from ground truth."""

from tr2m_core.metrics.depth import compute_depth_metrics

__all__ = ["compute_depth_metrics"]
