"""Metric depth of a webcam without ROS: OpenCV reads, the bundled model predicts, and a video is written on request.

python examples/webcam.py --text "A small office with two desks."
python examples/webcam.py --text "A street." --source drive.mp4 --output depth.avi
python examples/webcam.py --text "A street." --source frames/%04d.png --output depth.avi

Prints the distance to what is in the middle of each image. Ends with the video, or with Ctrl-C.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from tr2m_core import DepthPredictor
from tr2m_core.visualization import colourise_depth

VIDEO_RATE = 10  # images per second of the video that is written
SHOWN_RANGE = (0.3, 10.0)  # metres, the ends of the colour map


def images(source: str) -> Iterator[np.ndarray]:
    """RGB images (H, W, 3) uint8 of a camera (by number), a video file or a numbered sequence of image files."""
    capture = cv2.VideoCapture(int(source) if source.isdecimal() else source)
    if not capture.isOpened():
        sys.exit(f"webcam: {source} cannot be opened")
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # of a camera only the newest image is of interest
    try:
        while True:
            found, bgr = capture.read()
            if not found:
                return
            yield cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    finally:
        capture.release()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", required=True, help="description: one sentence about the scene")
    parser.add_argument("--source", default="0", help="camera number, video file or image sequence (default: 0)")
    parser.add_argument("--model", default="embedded", help="as for tr2m infer (default: embedded)")
    parser.add_argument("--output", help="video file (.avi) of the images beside their depth; near is warm")
    args = parser.parse_args(arguments)

    predictor = DepthPredictor.from_pretrained(args.model)
    video = None
    for number, rgb in enumerate(images(args.source)):
        start = time.perf_counter()
        depth = predictor.predict(rgb, args.text, maps=False).metric_depth  # (H, W) float32 metres
        height, width = depth.shape
        middle = float(np.median(depth[height * 2 // 5 : height * 3 // 5 + 1, width * 2 // 5 : width * 3 // 5 + 1]))
        print(f"image {number}: {middle:.2f} m ahead, {1e3 * (time.perf_counter() - start):.0f} ms", flush=True)
        if args.output:
            shown = np.hstack((rgb, colourise_depth(depth, *SHOWN_RANGE)))
            if video is None:
                codec = cv2.VideoWriter_fourcc(*"MJPG")
                video = cv2.VideoWriter(args.output, codec, VIDEO_RATE, (2 * width, height))
            video.write(cv2.cvtColor(shown, cv2.COLOR_RGB2BGR))
    if video is not None:
        video.release()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
