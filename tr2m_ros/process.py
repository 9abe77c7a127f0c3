"""A ROS process that starts and ends cleanly: one clear line for bad arguments, exit code 0 on SIGINT and SIGTERM."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import rclpy
from rclpy._rclpy_pybind11 import RCLError  # has no public name
from rclpy.executors import Executor, ExternalShutdownException
from rclpy.logging import get_logger
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import get_rmw_implementation_identifier

from tr2m_core import InputError
from tr2m_core.console import BROKEN_PIPE, drop_output, prepare_output
from tr2m_ros import dds, log_folder

SIGNALS = (signal.SIGINT, signal.SIGTERM)
SIGNAL_POLL = 0.2  # s; a signal is noticed when the wait for messages ends


class _Interrupt:
    """The handler of SIGINT and SIGTERM: raises KeyboardInterrupt, or only remembers while it is `deferred`."""

    def __init__(self) -> None:
        self.came = self.deferred = False

    def install(self) -> None:
        self.came = self.deferred = False
        for number in SIGNALS:
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: object) -> None:
        # Once: a launch file's Ctrl-C arrives twice, and the second must not break the clean-up.
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        self.came = True
        self.check()

    def check(self) -> None:
        if self.came and not self.deferred:
            raise KeyboardInterrupt


_interrupt = _Interrupt()


def run_process(name: str, args: list[str] | None, body: Callable[[], int], dds_profile: str | None = None) -> int:
    """Runs `body` between rclpy's start and shutdown and returns the exit code.

    That is what `body` returns, 0 when a signal ends it, 2 for InputError and 1 when the middleware fails, as it does
    without what ROS_SECURITY_ENABLE demands; the text of both errors goes to stderr.
    dds_profile: auto or none, see `dds.provide`; None: as the ROS arguments say.
    """
    prepare_output()
    try:
        # rclpy's own handlers would shut the context down under working threads; this one ends the main thread instead.
        _interrupt.install()
        arguments = sys.argv[1:] if args is None else args
        choice = dds.choice_given(arguments) if dds_profile is None else dds_profile
        warnings = [log_folder.provide(), dds.put_in_force(choice, get_rmw_implementation_identifier())]
        _init(args)
        for warning in filter(None, warnings):
            get_logger(name).warning(warning)
        return body()
    except InputError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 2
    except RCLError as error:
        print(f"{name}: {_reason(error)}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, ExternalShutdownException):
        return 0
    except BrokenPipeError:
        drop_output()
        return BROKEN_PIPE
    finally:
        rclpy.try_shutdown()
        # Else the interpreter's last collection walks all that torch made, for seconds in which launch loses patience.
        gc.freeze()


def spin(executor: Executor, goes_on: Callable[[], bool]) -> None:
    """Spins while `goes_on`, until SIGINT or SIGTERM, which from then on break into no callback and no clean-up.

    An exception out of nowhere would hit rclpy where it cannot be passed on: it is lost, or leaves a half-made object.
    """
    _interrupt.deferred = True
    while rclpy.ok() and not _interrupt.came and goes_on():
        executor.spin_once(timeout_sec=SIGNAL_POLL)


@contextmanager
def interruptible() -> Iterator[None]:
    """For slow work within a callback: here a signal raises KeyboardInterrupt all the same."""
    before, _interrupt.deferred = _interrupt.deferred, False
    try:
        _interrupt.check()
        yield
    finally:
        _interrupt.deferred = before


def _init(args: list[str] | None) -> None:
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except Exception as error:  # rcl has no exception of its own for arguments it does not understand
        raise InputError(_reason(error)) from None


def _reason(error: Exception) -> str:
    """The error in one line; rcl itself does not always say what to do, nor that security is what fails."""
    text = " ".join(str(error).split())
    if "initialize logging" in text:
        text += " (set ROS_LOG_DIR to a folder that can be written)"
    if os.environ.get("ROS_SECURITY_ENABLE") == "true":
        text += " (ROS_SECURITY_ENABLE is true: ROS_SECURITY_KEYSTORE and --enclave name the keys)"
    return text
