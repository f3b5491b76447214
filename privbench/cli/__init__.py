"""The command line. Nothing is imported before `main` has seen to it that Ctrl-C ends in a sentence."""

from __future__ import annotations

import atexit
import os
import signal
import sys
from io import TextIOWrapper

from ..base.errors import PrivbenchError, explain_disk_error, explain_memory_error
from ..base.texts import printable
from .stopping import Stopped, stoppable


def main() -> None:
    """Runs the command line: exit 2 for the user's mistakes, 70 (EX_SOFTWARE) for ours, 130 when interrupted.

    1 is left to commands that judge.
    """
    debug = "--debug" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows ASCII alone shows `?` for the rest
    # Once a result is printed, Ctrl-C has nothing left to stop, and must not turn success into a failure.
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
    try:
        with stoppable():
            from .app import app

            app(arguments, prog_name="privbench")
    except Stopped as stopped:
        print(stopped.told, file=sys.stderr)
        raise SystemExit(stopped.status) from None
    except SystemExit as end:
        if not isinstance(end.__context__, BrokenPipeError):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # who read us has gone, as `head` does when it has seen enough
        raise SystemExit(128 + signal.SIGPIPE) from None
    except PrivbenchError as error:
        _fail(error, str(error), 2, debug)
    # The last resort: disk or memory are full, in whatever guise a library reports it, or a bug; told in a line too.
    except Exception as error:  # noqa: BLE001
        explained = explain_disk_error(error) or explain_memory_error(error)
        _fail(error, str(explained or _unexpected(error)), 2 if explained else os.EX_SOFTWARE, debug)


def _unexpected(error: Exception) -> str:
    return f"privbench failed unexpectedly ({type(error).__name__}: {error}); --debug shows where. Please report it."


def _fail(error: Exception, message: str, code: int, debug: bool) -> None:
    if debug:
        raise error
    from rich.console import Console
    from rich.markup import escape

    told = "\n".join(map(printable, message.split("\n")))  # several mistakes are told below one another
    Console(stderr=True).print(f"[bold red]error:[/] {escape(told)}", soft_wrap=True, highlight=False)
    raise SystemExit(code)
