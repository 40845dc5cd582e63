"""Every limit in the product, by name: unit last, default, and why it is what it is."""

from __future__ import annotations

import os
from typing import Final

QUERY_TEXT_BYTES: Final = 64 * 1024
"""A sentence longer than this is a program or an accident; the parser is never asked."""

QUERY_NESTING_LEVELS: Final = 64
"""Recursive tree code dies of deep nesting somewhere after 100 levels."""

QUERY_OPERATORS: Final = 500
"""A flat chain of a thousand terms kills recursive tree code as surely as nesting does."""

QUERY_STAGES: Final = 16
"""Stages of `|>`: each plans and runs what stands before it; nobody reads more of them."""

QUERY_COLUMNS: Final = 500
"""Items of one ADD, SELECT, ORDER BY, FILL or SESSION: wider results are several queries."""

MATCH_STEPS: Final = 60
"""Steps of a pattern: which of them a row may be are the bits of one number."""

MATCH_PLACES: Final = 256
"""Rows of a pattern written out, `dip{3}` being three: each is asked of every row."""

QUERY_LIST_ITEMS: Final = 10_000
"""Values of one IN, arguments of one call, symbols of one FROM: more of them fit no text; a parameter or a glob does."""

BATCH_ROWS: Final = 65_536
"""Rows in an Arrow batch at every door: 16k–131k measure the same over Flight, smaller and larger ones cost more."""

MESSAGE_BYTES: Final = 3_500_000
"""Bytes in a Flight message: gRPC clients refuse more than 16 MiB by default, and 4 MiB is a common setting."""

CHUNK_ROWS: Final = 1 << 18
"""Rows evaluated at a time: large enough for arrays to pay, small enough to stay in cache and in memory."""

QUERY_MEMORY_BYTES: Final = 2 << 30
"""What a query may hold at once of rows that it must see together: to sort them, to fill holes, for recursive functions.

`SET memory` says otherwise. Batches on their way are not counted; each is small.
"""

SORT_BYTES: Final = 256 << 20
"""What ORDER BY keeps in memory; more is sorted piece by piece on disk, which takes little longer."""

SLICE_ROWS: Final = 1 << 20
"""Stored rows in a slice of time that is computed by itself: enough to pay for finding its warm-up, small enough to share."""

SLICE_TOGETHER_ROWS: Final = 1 << 14
"""Symbols with at most so many rows share slices: for each the Python around its arrays takes longer than the arrays."""

SLICE_AHEAD_BYTES: Final = 64 << 20
"""How far a slice may be computed before the ones before it have been read."""

SLICES_AHEAD_BYTES: Final = 512 << 20
"""The same of all slices of all queries in a process: many clients that read slowly must not fill its memory."""

THREADS: Final = os.cpu_count() or 1
"""Threads of a query on the kernels; `SET threads` says otherwise. The bits of the answer do not depend on it."""

CACHE_DAYS: Final = 90
"""Tables kept by versions that are gone are removed after so long; making one again takes half a second."""

QUERIES_AT_ONCE: Final = max(4 * THREADS, 8)
"""Queries of a process that compute at the same time; others wait for a turn. More would be no faster, and hold more memory."""

QUERY_DEADLINE_S: Final = 300.0
"""A query that runs longer is stopped and says so."""

CANCEL_POLL_S: Final = 0.05
"""How often a server looks whether the client is still there."""

FILL_ROWS: Final = 10_000_000
"""FILL creates rows, all of a symbol at a time: a typo in an interval must not take the memory of the machine."""

BRICKS: Final = 100_000
"""Bricks of one trade: a renko size a thousand times too small would make them until memory ends."""

RECURSION_LEVELS: Final = 10_000
"""Python's own limit of 1,000 is less than an expression of QUERY_OPERATORS in a row needs."""

WINDOW_ROWS: Final = 100_000
"""The longest window of rows an indicator may ask for."""

FLIGHT_PORT: Final = 8815
"""Where the server listens unless told otherwise: the port the Flight examples use."""

REQUEST_BYTES: Final = 1 << 20
"""A request with its parameters; anything larger is no question."""

DRAIN_S: Final = 10.0
"""How long a stopping server lets running streams end before it cancels them."""

STORE_LOCK_WAIT_S: Final = 60.0
"""How long a writer of a lake or a database waits for another before it gives up."""

LAKE_GRACE_S: Final = 3600.0
"""How long files stay on disk after a commit replaced them, for readers of older snapshots."""

LIVE_GRACE_S: Final = 600.0
"""The same for files a feed wrote: there are several a second, and no query runs for twice its deadline."""

LIVE_SEGMENT_ROWS: Final = 1 << 18
"""Files a feed wrote are merged up to this size, so that a day is not thousands of them."""

LIVE_FOLD_PLACES: Final = 64
"""Symbols' days that are folded in one commit: each holds a feed up for a moment."""

LIVE_GROUP_ROWS: Final = 4096
"""A row group of a feed's file holds whole series up to about this: to read one, little of its neighbours is decoded."""

LAKE_SERIES_APART: Final = 16
"""Short stretches (a symbol's year of days, say) are files of their own as long as a commit brings no more series than this."""

LAKE_TOGETHER_ROWS: Final = 1 << 16
"""The rows of a file they share: its footer must stay small, as each reader of one of them reads it."""

LAKE_MANIFESTS: Final = 8
"""Manifests kept; only the newest is read, the others show what happened."""

STAGING_BYTES: Final = 128 * 1024 * 1024
"""Rows of an import kept in memory before they go to disk."""

IN_PLACE_BYTES: Final = 2 << 30
"""Rows of files and tables asked where they lie, which stay in memory: of one of them, and of all files remembered."""

IN_PLACE_AHEAD_ROWS: Final = 4_000_000
"""Rows of a Parquet file asked where it lies that are read at a time: some seconds' work, and some hundred megabytes."""

IMPORT_COMMIT_ROWS: Final = 10_000_000
"""An import commits whole files once they have this many rows: what a kill may cost is some seconds' work, not hours'."""

IMPORT_REFUSED_ROWS: Final = 10_000
"""Without a quarantine, reading on to count more unusable rows than this helps nobody."""

IMPORT_TOGETHER_BYTES: Final = 4 * 1024 * 1024
"""Small files that are alike are read together up to this size: from there on the work per file is what costs."""

JOURNAL_SEGMENT_BYTES: Final = 64 * 1024 * 1024
"""A segment of the journal: the last one is scanned at start-up, in about a second."""

JOURNAL_LIMIT_BYTES: Final = 4 * 1024 * 1024 * 1024
"""A store that is away for a day must not fill the disk; at this size the journal refuses, and the loss is declared."""

JOURNAL_KEEP_BYTES: Final = 256 * 1024 * 1024
"""The newest part of the journal stays, acknowledged or not, so that a bus that lost its memory can be filled again."""

JOURNAL_FRAME_BYTES: Final = 16 * 1024 * 1024 - 1
"""A payload: its length has a zero byte then, by which the next good frame behind damage is found quickly."""

PENDING_EVENTS: Final = 500_000
"""Events waiting for the journal: some seconds of the busiest feeds. More is dropped, and declared."""

METRICS_PORT: Final = 9184
"""Where a collector answers /metrics, /healthz and /status, on loopback unless told otherwise."""

BUS_STREAM_ENTRIES: Final = 20_000
"""Messages of a stream that the live bus keeps for replay: minutes of a busy symbol, at a few MiB each."""

BUS_IDLE_S: Final = 30.0
"""A message that a consumer of a group has not acknowledged for so long goes to another one."""

BUS_TIMEOUT_S: Final = 10.0
"""A bus server that has not answered for so long is down."""
