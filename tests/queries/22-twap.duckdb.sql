WITH trades AS (
  SELECT 0 AS feed, EPOCH_US(ts) AS ts_us, seq, price, quantity
  FROM READ_PARQUET(['LAKE/ticks/binance/BTCUSDT/2025-03-14.parquet'], hive_partitioning := FALSE)
  WHERE ts >= MAKE_TIMESTAMPTZ(1741910400000000) AND ts < MAKE_TIMESTAMPTZ(1741996800000000)
), trades_in_bars AS (SELECT *, (ts_us // 3600000000) * 3600000000 AS bar FROM trades),
bars_from_trades AS (
  SELECT
    feed, bar, bar + 3600000000 AS bar_close, 20161 AS session_date, FIRST(price ORDER BY ts_us, seq) AS open,
    MAX(price) AS high, MIN(price) AS low, LAST(price ORDER BY ts_us, seq) AS close, FSUM(quantity) AS volume,
    COUNT(*) AS trades,
    CASE WHEN FSUM(quantity) > 0 AND ISFINITE(FSUM(price * quantity)) THEN LEAST(GREATEST(FSUM(price * quantity) / FSUM(quantity), MIN(price)), MAX(price)) END AS vwap
  FROM trades_in_bars
  GROUP BY feed, bar
), sessions (i, start, stop, name) AS (…),  -- 9 rows
bars AS (
  SELECT
    feed, bar AS ts_us, 'BTCUSDT' AS symbol, 'binance' AS exchange, '1h' AS "interval", bar_close AS ts_close, open,
    high, low, close, volume, trades, vwap, CASE WHEN bar_close <= span.stop THEN span.name END AS session,
    session_date, bar_close <= 1741996800000000 AS complete, FALSE AS filled
  FROM bars_from_trades
  ASOF LEFT JOIN sessions AS span ON bar >= span.start
)
SELECT
  symbol, exchange, "interval", MAKE_TIMESTAMPTZ(ts_us) AS ts_us, MAKE_TIMESTAMPTZ(ts_close) AS ts_close, open,
  high, low, close, volume, trades, vwap, session,
  CAST('1970-01-01' AS DATE) + CAST(session_date AS INT) AS session_date, complete, filled, feed
FROM bars
ORDER BY feed, ts_us
-- then, on the kernels:
-- time-weighted twap
-- range: from 2025-03-14T00:00:00Z before 2025-03-15T00:00:00Z
-- columns symbol, exchange, interval, ts, ts_close, twap, session, session_date, complete
