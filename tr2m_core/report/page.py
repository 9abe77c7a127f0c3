"""Self-contained HTML pages with plots to turn and zoom: one file each, nothing is loaded from elsewhere."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
from markupsafe import Markup
from PIL import Image
from plotly.io import to_html
from plotly.offline import get_plotlyjs

TEMPLATES = Path(__file__).resolve().parent.parent / "assets" / "report"
BLUE, ORANGE, GREY, GRID = "#3f83c8", "#dd7d2f", "#808892", "rgba(128,136,146,0.25)"  # on white and on black
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
PLOT_HEIGHT = 280  # pixels
JPEG_QUALITY = 85


def write_page(path: Path, template: str, **values: Any) -> None:
    """Writes a template of assets/report; plain strings among the values are text and get escaped."""
    loader = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"number": number, "percent": percent}
    fixed = {"css": Markup((TEMPLATES / "page.css").read_text("utf-8")), "plotly": Markup(get_plotlyjs())}
    path.write_text(
        environment.get_template(template).render(**values, **fixed), encoding="utf-8", errors="backslashreplace"
    )


def figure(*traces: Any, x: str = "", y: str = "", height: int = PLOT_HEIGHT, **layout: Any) -> go.Figure:
    """A calm plot without background. x, y: titles of the axes; layout: whatever differs."""
    axis = {"gridcolor": GRID, "zerolinecolor": GRID, "linecolor": GRID, "automargin": True}
    base: dict[str, Any] = {
        "template": "none",
        "height": height,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 12, "color": GREY},
        "margin": {"l": 10, "r": 10, "t": 30, "b": 10},
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
        "dragmode": False,
        "xaxis": {**axis, "title": {"text": x}},
        "yaxis": {**axis, "title": {"text": y}, "fixedrange": True},
    }
    return go.Figure(list(traces)).update_layout(base).update_layout(layout)


def figure_html(plot: go.Figure, name: str) -> Markup:
    """The plot as a part of a page; name: unique in it."""
    config = {"displayModeBar": False, "responsive": True, "displaylogo": False}
    height = f"{plot.layout.height}px"
    html = to_html(
        plot, config, include_plotlyjs=False, full_html=False, div_id=name, default_width="100%", default_height=height
    )
    return Markup(f'<div class="plot" style="min-height:{height}">{html}</div>')


def image(pixels: npt.NDArray[np.uint8]) -> str:
    """(H, W, 3) uint8 RGB as a data: URI."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def number(value: float | None) -> str:
    """Three digits; 0 for what rounding leaves of it, a dash for None."""
    if value is None:
        return "-"
    return "0" if abs(value) < 1e-6 else f"{value:.3g}"


def percent(share: float) -> str:
    """A fraction such as 0.28 as "28 %"."""
    return f"{100 * share:.0f} %" if abs(share) >= 0.095 else f"{100 * share:.2g} %"
