"""A ROS process that starts and ends cleanly: one clear line for bad arguments, exit code 0 on SIGINT and SIGTERM."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable

import rclpy
from rclpy._rclpy_pybind11 import RCLError  # has no public name
from rclpy.executors import ExternalShutdownException
from rclpy.signals import SignalHandlerOptions

from tr2m_core import InputError


def run_process(name: str, args: list[str] | None, body: Callable[[], int]) -> int:
    """Runs `body` between rclpy's start and shutdown and returns the exit code.

    That is what `body` returns, 0 when a signal ends it, 2 for InputError and 1 when the middleware fails, as it does
    without what ROS_SECURITY_ENABLE demands; the text of both errors goes to stderr.
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
    except RCLError as error:
        print(f"{name}: {_reason(error)}", file=sys.stderr)
        return 1
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
        raise InputError(_reason(error)) from None


def _reason(error: Exception) -> str:
    """The error in one line; rcl itself does not always say that security is what fails."""
    text = " ".join(str(error).split())
    if os.environ.get("ROS_SECURITY_ENABLE") == "true":
        text += " (ROS_SECURITY_ENABLE is true: ROS_SECURITY_KEYSTORE and --enclave name the keys)"
    return text


def _interrupt(number: int, frame: object) -> None:
    """Ends the program once: a launch file's Ctrl-C arrives twice, and the second must not break the clean-up."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt
