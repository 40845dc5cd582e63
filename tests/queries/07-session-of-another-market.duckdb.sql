WITH trades AS (
  SELECT 0 AS feed, EPOCH_US(ts) AS ts_us, seq, price, quantity
  FROM READ_PARQUET(['LAKE/ticks/binance/BTCUSDT/2025-03-10.parquet'], hive_partitioning := FALSE)
  WHERE ts >= MAKE_TIMESTAMPTZ(1741564800000000) AND ts < MAKE_TIMESTAMPTZ(1741651200000000)
), trades_in_bars AS (
  SELECT *, (ts_us // 1800000000) * 1800000000 AS bar
  FROM trades
  WHERE ts_us >= 1741593600000000 AND ts_us < 1741624200000000
), bars_from_trades AS (
  SELECT
    feed, bar, bar + 1800000000 AS bar_close, 20157 AS session_date, FIRST(price ORDER BY ts_us, seq) AS open,
    MAX(price) AS high, MIN(price) AS low, LAST(price ORDER BY ts_us, seq) AS close, FSUM(quantity) AS volume,
    COUNT(*) AS trades,
    CASE WHEN FSUM(quantity) > 0 AND ISFINITE(FSUM(price * quantity)) THEN LEAST(GREATEST(FSUM(price * quantity) / FSUM(quantity), MIN(price)), MAX(price)) END AS vwap
  FROM trades_in_bars
  GROUP BY feed, bar
), sessions AS (
  SELECT
    UNNEST(CAST('[1, 2, 3, 4]' AS BIGINT[])) AS i,
    UNNEST(CAST('[1741381200000000, 1741593600000000, 1741613400000000, 1741636800000000]' AS BIGINT[])) AS start,
    UNNEST(CAST('[1741395600000000, 1741613400000000, 1741636800000000, 1741651200000000]' AS BIGINT[])) AS stop,
    UNNEST(CAST(['aftermarket', 'premarket', 'regular', 'aftermarket'] AS TEXT[])) AS name
), bars AS (
  SELECT
    feed, bar AS ts_us, 'BTCUSDT' AS symbol, 'binance' AS exchange, '30m' AS "interval", bar_close AS ts_close, open,
    high, low, close, volume, trades, vwap, CASE WHEN bar_close <= span.stop THEN span.name END AS session,
    session_date, bar_close <= 1741996800000000 AS complete, FALSE AS filled
  FROM bars_from_trades
  ASOF LEFT JOIN sessions AS span ON bar >= span.start
)
SELECT
  symbol, exchange, "interval", MAKE_TIMESTAMPTZ(ts_us) AS ts, MAKE_TIMESTAMPTZ(ts_close) AS ts_close, open, high,
  low, close, volume, trades, vwap, session, CAST('1970-01-01' AS DATE) + CAST(session_date AS INT) AS session_date,
  complete, filled
FROM bars
WHERE ts_us >= 1741564800000000 AND ts_us < 1741651200000000 AND complete
ORDER BY feed, ts_us
