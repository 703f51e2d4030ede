"""The event loop of a notebook: all of its statements share one, as they do in Jupyter."""

import ast
import asyncio
import contextlib
import inspect
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager
from typing import Any

LAST = 0.5  # seconds for the tasks that are left at the end


class Loop:
    """A loop that can also be used where another one runs already, as it does in Jupyter."""

    def __init__(self):
        self._loop = asyncio.new_event_loop()
        # Whatever a task of the learner's leaves undone is no business of a report.
        self._loop.set_exception_handler(lambda loop, about: None)

    @contextlib.contextmanager
    def there(self) -> Iterator[None]:
        """In the block the loop counts as running, so that a task can be begun."""
        with _running(self._loop):
            yield

    def wait_for(self, waits: Coroutine) -> Any:
        """Run the loop until a coroutine has come to its end.

        Tasks that were begun before go on meanwhile, and those that aren't done then wait for the
        next call.
        """
        task = self._loop.create_task(waits)
        try:
            with _running(None):
                return self._loop.run_until_complete(task)
        except BaseException:
            task.cancel()  # the time was up; it is not waited for
            raise

    def close(self, limit: Callable[[float], AbstractContextManager]) -> None:
        """Cancel what is left, give it a moment to clean up, and close the loop in any case.

        Args:
            limit: from seconds to a context that ends what runs longer, with an exception.
        """
        try:
            with contextlib.suppress(Exception), limit(LAST), _running(None):
                self._end(asyncio.all_tasks(self._loop))
        except KeyboardInterrupt:
            raise
        except BaseException:  # the limit's: a task that would not end
            pass
        finally:
            self._loop.close()

    def _end(self, left: set[asyncio.Task]) -> None:
        for task in left:
            task.cancel()
        if left:
            # No `gather`, which would wait for a task that doesn't let itself be cancelled.
            self._loop.run_until_complete(asyncio.wait(left, timeout=LAST))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())


@contextlib.contextmanager
def _running(loop: asyncio.AbstractEventLoop | None) -> Iterator[None]:
    """In the block, this loop counts as the running one of the thread, or none does."""
    around = asyncio._get_running_loop()
    asyncio._set_running_loop(loop)
    try:
        yield
    finally:
        asyncio._set_running_loop(around)


def awaits(statement: ast.stmt) -> bool:
    """Whether a statement awaits something outside of the functions that it defines."""
    module = ast.Module([statement], [])
    with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        code = compile(module, "", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        return bool(code.co_flags & inspect.CO_COROUTINE)
    return False
