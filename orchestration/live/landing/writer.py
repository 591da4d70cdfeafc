"""Gathers what comes in for some milliseconds and lands it together.

One writer per way in: a queue in front, one thread with one connection behind. What
has not been committed is never acknowledged, so a database that goes away costs time
and nothing else.
"""

import asyncio
import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import psycopg

from orchestration.live.landing.events import Event
from orchestration.live.landing.measures import STARTING, Measures
from orchestration.live.landing.store import Fate, Offsets, Store, Stray
from orchestration.settings import UserError

LINGER_SECONDS = 0.02
BATCH_ROWS = 1_000
WORTH_IT_ROWS = 50
"""From so many events on, a transaction is worth it: nobody is waited for."""
QUEUE_ROWS = 20_000
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 5.0
BEAT_SECONDS = 5.0

log = logging.getLogger("frontdesk.landing")
Answer = TypeVar("Answer")


class FullError(Exception):
    """More waits to be landed than memory should hold: come again."""


class StoppedError(Exception):
    """The writer stopped before this was committed: send it again elsewhere."""


@dataclass(eq=False)
class Submission:
    """Events that are acknowledged together, and the offsets behind them."""

    events: Sequence[Event]
    done: asyncio.Future[list[Fate]]
    offsets: Offsets = field(default_factory=dict)
    strays: Sequence[Stray] = ()

    @property
    def size(self) -> int:
        """Return what it counts for in the queue."""
        return len(self.events) + len(self.strays) + 1


class Writer:
    """Lands submissions in the order in which they came."""

    def __init__(
        self,
        store: Store,
        measures: Measures,
        beat: Callable[[psycopg.Connection], None] = lambda connection: None,
        *,
        linger: float = LINGER_SECONDS,
        batch_rows: int = BATCH_ROWS,
        queue_rows: int = QUEUE_ROWS,
    ) -> None:
        """Land by this store.

        Args:
            store: writes one batch in one transaction.
            measures: hears what became of the events.
            beat: says in the database how things are; called every few seconds.
            linger: how long the first event of a batch waits for others, in seconds.
            batch_rows: how many events one transaction takes.
            queue_rows: how many may wait before `submit` refuses more.
        """
        self.measures = measures
        self._store = store
        self._beat = beat
        self._linger = linger
        self._batch_rows = batch_rows
        self._queue_rows = queue_rows
        self._queue: asyncio.Queue[Submission] = asyncio.Queue()
        self._rows = 0
        self._stopping = threading.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="frontdesk-writer")
        self._task: asyncio.Task[None] | None = None

    @property
    def is_full(self) -> bool:
        """Say whether more would be refused now."""
        return self._rows >= self._queue_rows

    async def submit(
        self,
        events: Sequence[Event],
        offsets: Offsets | None = None,
        strays: Sequence[Stray] = (),
    ) -> list[Fate]:
        """Return what became of events, once they are committed.

        Cancelled before its turn, a submission is left out.

        Raises:
            FullError: when too much waits already.
            StoppedError: when the writer has stopped before its turn.
        """
        if self.is_full:
            raise FullError
        if self._stopping.is_set():
            raise StoppedError
        done = asyncio.get_running_loop().create_future()
        one = Submission(events, done, offsets or {}, strays)
        self._moved(one.size)
        self._queue.put_nowait(one)
        return await done

    async def ask(self, question: Callable[[Store], Answer]) -> Answer:
        """Ask the store something between two batches, however long it takes."""
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, self._patiently, lambda: question(self._store)
        )

    def start(self) -> None:
        """Begin to land; called inside a running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        next_beat = 0.0
        # the first words: the server is there, and the tables are
        await loop.run_in_executor(self._thread, self._try_to_beat)
        while True:
            batch = await self._gather(next_beat)
            if batch:
                await self._land(loop, batch)
            if loop.time() >= next_beat:
                await loop.run_in_executor(self._thread, self._try_to_beat)
                next_beat = loop.time() + BEAT_SECONDS

    async def stop(self, patience: float = 10.0) -> None:
        """Wait until nothing waits, then close; refuse what is left after a while."""
        deadline = time.monotonic() + patience
        while self._rows and time.monotonic() < deadline:
            if self.measures.problems.get("warehouse", STARTING) != STARTING:
                # it is away: what waits comes again from whoever sent it
                break
            await asyncio.sleep(0.01)
        self._stopping.set()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        while not self._queue.empty():
            self._fail(self._queue.get_nowait(), StoppedError())
        await asyncio.to_thread(self._thread.shutdown)
        try:
            # the thread is over: nobody else holds the store
            await asyncio.to_thread(self._beat, self._store.connection)
        except (psycopg.Error, UserError):
            log.info("the warehouse is away: it will not hear that this lander ended")
        self._store.close()

    async def _gather(self, next_beat: float) -> list[Submission]:
        """Wait for something to land, and a little longer for what comes with it."""
        pause = next_beat - asyncio.get_running_loop().time()
        try:
            first = await asyncio.wait_for(self._queue.get(), max(pause, 0.01))
        except TimeoutError:
            return []
        if self._queue.qsize() + first.size < WORTH_IT_ROWS:
            await asyncio.sleep(self._linger)
        batch, rows = [first], first.size
        while rows < self._batch_rows and not self._queue.empty():
            batch.append(self._queue.get_nowait())
            rows += batch[-1].size
        wanted = [one for one in batch if not one.done.cancelled()]
        for one in batch:
            if one.done.cancelled():
                self._moved(-one.size)
        return wanted

    async def _land(
        self, loop: asyncio.AbstractEventLoop, batch: list[Submission]
    ) -> None:
        work = loop.run_in_executor(self._thread, self._patiently, self._job(batch))
        try:
            fates = await asyncio.shield(work)
        except StoppedError as error:
            for one in batch:
                self._fail(one, error)
            return
        except asyncio.CancelledError:
            for one in batch:
                self._fail(one, StoppedError())
            raise
        except Exception as error:
            # a fault of ours: the senders keep their events and hear of it
            log.exception("a batch of %s submissions failed", len(batch))
            self.measures.problems["fault"] = f"{type(error).__name__}: {error}"
            for one in batch:
                self._fail(one, StoppedError())
            return
        self._tell(batch, fates)

    def _job(self, batch: list[Submission]) -> Callable[[], list[Fate]]:
        """Return the work of landing a batch; a long one takes several transactions."""
        events = [event for one in batch for event in one.events]
        offsets = {key: n for one in batch for key, n in one.offsets.items()}
        strays = [stray for one in batch for stray in one.strays]
        last = max(0, len(events) - 1) // self._batch_rows * self._batch_rows

        def work() -> list[Fate]:
            fates: list[Fate] = []
            for start in range(0, last, self._batch_rows):
                fates += self._store.land(events[start : start + self._batch_rows])
            return fates + self._store.land(events[last:], offsets, strays)

        return work

    def _tell(self, batch: list[Submission], fates: list[Fate]) -> None:
        """Count, and tell each submission what became of its events."""
        now = time.time()
        place = 0
        lags = []
        for one in batch:
            its_own = fates[place : place + len(one.events)]
            place += len(one.events)
            for event, fate in zip(one.events, its_own, strict=True):
                self.measures.fates[event.source, event.table, fate.value] += 1
                if event.sent_at and fate is not Fate.REPEATED:
                    lags.append(max(0.0, now - event.sent_at))
            self.measures.refused_count += len(one.strays)
            self._moved(-one.size)
            if not one.done.done():
                one.done.set_result(its_own)
        self.measures.landed(lags)

    def _fail(self, one: Submission, error: Exception) -> None:
        self._moved(-one.size)
        if not one.done.done():
            one.done.set_exception(error)

    def _moved(self, rows: int) -> None:
        self._rows += rows
        self.measures.waiting_count = self._rows

    def _patiently(self, work: Callable[[], Answer]) -> Answer:
        """Work, however often the server goes away meanwhile."""
        pause = FIRST_PAUSE
        while True:
            try:
                answer = work()
                for solved in ("warehouse", "fault"):
                    self.measures.problems.pop(solved, None)
                return answer
            except (psycopg.Error, UserError) as error:
                self._lost(error)
            if self._stopping.wait(pause * random.uniform(0.5, 1.0)):
                raise StoppedError
            pause = min(pause * 2, LONGEST_PAUSE)

    def _try_to_beat(self) -> None:
        """Say in the database how things are; a failure is a reason to reconnect."""
        try:
            self._beat(self._store.connection)
        except (psycopg.Error, UserError) as error:
            self._lost(error)
        else:
            self.measures.problems.pop("warehouse", None)

    def _lost(self, error: Exception) -> None:
        """Note why the warehouse takes nothing, and let go of the connection."""
        said = (str(error).strip() or repr(error)).splitlines()[0]
        if self.measures.problems.get("warehouse") != said:
            log.warning("the warehouse takes nothing: %s; trying again", said)
        self.measures.problems["warehouse"] = said
        self._store.close()
