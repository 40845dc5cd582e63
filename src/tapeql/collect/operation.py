"""What an operator sees of a collector: metrics for Prometheus, health for an orchestrator, status for a person."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from tapeql.collect.collector import Collector
from tapeql.collect.status import holes, repeated, status
from tapeql.collect.store_writer import CONSUMER
from tapeql.errors import StoreError

if TYPE_CHECKING:
    from aiohttp import web
    from prometheus_client.metrics_core import Metric

    from tapeql.collect.bus.publisher import Publisher

STALLED_S: Final = 60.0
"""A store that has taken nothing for so long, while there is something, is trouble."""


class Operation:
    """Serves /metrics, /healthz and /status of one collector, and of what publishes for it."""

    def __init__(self, collector: Collector, publisher: Publisher | None = None) -> None:
        self._collector = collector
        self._publisher = publisher
        self._runner: web.AppRunner | None = None

    async def serve(self, host: str, port: int) -> tuple[str, int]:
        """Where it listens; port 0 takes a free one. Raises StoreError where it cannot."""
        from aiohttp import web

        app = web.Application()
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/status", self._status)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        try:
            await site.start()
        except OSError as error:
            await self.close()
            raise StoreError(f"metrics cannot be served at {host}:{port}: {_why(error)}") from None
        bound = self._runner.addresses[0]
        return str(bound[0]), int(bound[1])

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    # ── answers ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _metrics(self, request: web.Request) -> web.Response:
        from aiohttp import web
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Metrics(self._collector, self._publisher))
        return web.Response(body=generate_latest(registry), content_type="text/plain")

    async def _healthz(self, request: web.Request) -> web.Response:
        from aiohttp import web

        faults = self.faults()
        return web.json_response({"ok": not faults, "faults": faults}, status=503 if faults else 200)

    async def _status(self, request: web.Request) -> web.Response:
        from aiohttp import web

        faults = self.faults()
        # No matters of health: the tape is kept all the same, and a restart would mend nothing.
        if self._publisher is not None and self._publisher.error is not None:
            faults.append(self._publisher.error)
        if (error := self._collector.counts.seal_error) is not None:
            faults.append(f"a day cannot be sealed: {error}")
        for (venue, symbol), near in self._collector.unlisted.items():
            faults.append(f"{venue} does not list {symbol}" + (f"; it lists {near}" if near else ""))
        return web.json_response(status(self._collector) | {"faults": faults})

    def faults(self) -> list[str]:
        """Why this collector does not do its work right now."""
        collector, counts = self._collector, self._collector.counts
        found = []
        if collector.state != "collecting":
            found.append(collector.state)
        for venue in status(collector)["venues"]:
            if venue["connections"] < venue["connections_wanted"]:
                found.append(f"{venue['venue']} is not connected")
        stalled_s = time.monotonic() - counts.stored_s
        if stalled_s > STALLED_S and collector.journal.depth_bytes(CONSUMER) > 0:
            found.append(f"the store has taken nothing for {stalled_s:.0f} s: {counts.store_error or '?'}")
        return found


def _why(error: OSError) -> str:
    """In the system's words: the loop's own repeat the address."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)


class _Metrics:
    """Read at every scrape; nothing is counted twice."""

    def __init__(self, collector: Collector, publisher: Publisher | None) -> None:
        self._collector = collector
        self._publisher = publisher

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        def counter(name: str, text: str, *labels: str) -> Any:
            return CounterMetricFamily(f"tapeql_{name}", text, labels=["venue", *labels])

        def gauge(name: str, text: str, *labels: str) -> Any:
            return GaugeMetricFamily(f"tapeql_{name}", text, labels=["venue", *labels])

        frames = counter("frames", "Frames received")
        events = counter("events", "Events decoded, by type", "type")
        refused = counter("refused", "Frames and events not used, by kind", "kind")
        repetitions = counter("repeated", "Events that were known already")
        dropped = counter("dropped", "Events there was no room for; declared as gaps")
        too_large = counter("too_large", "Events too large for the journal; lost")
        connects = counter("connects", "Connections opened")
        losses = counter("losses", "Connections lost or refused", "kind")
        renewals = counter("renewals", "Connections replaced before their end")
        resyncs = counter("book_resyncs", "Books asked for again")
        stale = counter("stale", "Connections found open but mute")
        filled = counter("filled_trades", "Trades filled in from history")
        declared = counter("gaps_declared", "Gaps declared", "kind")
        closed = counter("gaps_filled", "Gaps filled", "kind")
        open_gaps = gauge("gaps_open", "Holes in trades not filled, those given up too")
        connections = gauge("connections", "Connections open")
        skew = gauge("clock_skew_seconds", "Our clock less the venue's, latency included")
        lag = gauge("lag_seconds", "Time of receipt less the venue's time, less the skew, of the last event")
        for name, v in self._collector.counts.venues.items():
            frames.add_metric([name], v.frames)
            repetitions.add_metric([name], repeated(self._collector, name))
            dropped.add_metric([name], v.dropped)
            too_large.add_metric([name], v.too_large)
            connects.add_metric([name], v.connects)
            renewals.add_metric([name], v.renewals)
            resyncs.add_metric([name], v.resyncs)
            stale.add_metric([name], v.stale)
            filled.add_metric([name], v.filled_trades)
            connections.add_metric([name], v.connections)
            open_gaps.add_metric([name], holes(self._collector, name))
            for family, counted in ((events, v.events), (refused, v.refused), (losses, v.losses)):
                for label, count in counted.items():
                    family.add_metric([name, label], count)
            for label, count in v.gaps_declared.items():
                declared.add_metric([name, label], count)
            for label, count in v.gaps_filled.items():
                closed.add_metric([name, label], count)
            if (us := self._collector.skews[name].us) is not None:
                skew.add_metric([name], us / 1e6)
            if v.lag_us is not None:
                lag.add_metric([name], v.lag_us / 1e6)
        yield from (frames, events, refused, repetitions, dropped, too_large, connects, losses, renewals, resyncs)
        yield from (stale, filled, declared, closed, open_gaps, connections, skew, lag)
        counts, journal = self._collector.counts, self._collector.journal
        for name, text, value in (
            ("journal_depth_bytes", "Journalled and not yet stored", journal.depth_bytes(CONSUMER)),
            ("journal_bytes", "Size of the journal on disk", journal.bytes),
            ("pending_events", "Events waiting for the journal", counts.pending),
        ):
            yield GaugeMetricFamily(f"tapeql_{name}", text, value=float(value))
        for name, text, value in (
            ("journalled_events", "Events journalled", counts.journalled),
            ("stored_events", "Events stored", counts.stored),
            ("store_failures", "Failed writes to the store", counts.store_failures),
        ):
            yield CounterMetricFamily(f"tapeql_{name}", text, value=float(value))
        if (publisher := self._publisher) is not None:
            up = 1.0 if publisher.error is None else 0.0
            yield GaugeMetricFamily("tapeql_bus_up", "Whether the bus takes what is published", value=up)
            published = float(publisher.published)
            yield CounterMetricFamily("tapeql_published_messages", "Messages handed to the bus", value=published)
