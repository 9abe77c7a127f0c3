"""A ROS process that starts and ends cleanly: one clear line for bad arguments, exit code 0 on SIGINT and SIGTERM."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Callable

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.signals import SignalHandlerOptions

from tr2m_core import InputError


def run_process(name: str, args: list[str] | None, body: Callable[[], int]) -> int:
    """Runs `body` between rclpy's start and shutdown and returns the exit code.

    That is what `body` returns, 0 when a signal ends it, and 2 for InputError, whose text goes to stderr.
    """
    try:
        # rclpy's own handlers would shut the context down under working threads; these end the main thread instead.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _interrupt)
        _init(args)
        return body()
    except InputError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, ExternalShutdownException):
        return 0
    finally:
        rclpy.try_shutdown()
        # Else the interpreter's last collection walks all that torch made, for seconds in which launch loses patience.
        gc.freeze()


def _init(args: list[str] | None) -> None:
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except Exception as error:  # rcl has no exception of its own for arguments it does not understand
        raise InputError(" ".join(str(error).split())) from None


def _interrupt(number: int, frame: object) -> None:
    """Ends the program once: a launch file's Ctrl-C arrives twice, and the second must not break the clean-up."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt
