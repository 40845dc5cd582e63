"""From a sentence to columns: ask a lake, a database or a server, and use the answer.

python examples/columns.py tape                      # made by: tapeql demo tape
python examples/columns.py grpc://127.0.0.1:8815     # served by: tapeql --lake tape serve
"""

import sys

import tapeql


def main(target: str) -> None:
    with tapeql.connect(target, now="2025-03-15T00:00:00Z") as db:
        bars = db.query(
            "CANDLES 1h FROM nasdaq:AAPL DURING $start .. $end SESSION regular ADD rsi(14) AS rsi",
            start="2025-03-10",
            end="2025-03-14",
        )
        print(bars.select(["ts", "open", "high", "low", "close", "rsi"]).to_pandas())

        trades = sum(batch.num_rows for batch in db.stream("TICKS FROM binance:BTCUSDT"))
        print(f"{trades:,} trades streamed")

        try:
            db.query("CANDLES 1h FROM nasdaq:AAPL WHERE close > smaa(20)")
        except tapeql.QueryError as error:
            for found in error.diagnostics:
                print(found.code, found.reason, *found.hints)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "tape")
