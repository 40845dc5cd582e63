WITH stored_trades AS (
  SELECT 0 AS feed, EPOCH_US(ts) AS ts_us, seq, price, quantity, side, trade_id, conditions, market
  FROM READ_PARQUET(['LAKE/ticks/binance/BTCUSDT/2025-03-10.parquet'], hive_partitioning := FALSE)
  WHERE ts >= MAKE_TIMESTAMPTZ(1741615197983367) AND ts < MAKE_TIMESTAMPTZ(1741618800000000)
), dated_trades AS (SELECT stored_trades.*, 20157 AS session_date FROM stored_trades),
sessions AS (SELECT 1 AS i, 1741613400000000 AS start, 1741636800000000 AS stop, 'regular' AS name),
sessions_edges AS (
  SELECT *, UNNEST(RANGE(start // 3600000000, ((stop - 1) // 3600000000) + 1)) AS hour
  FROM sessions
), labelled_trades AS (
  SELECT dated_trades.*, CASE WHEN dated_trades.ts_us < span.stop THEN span.name END AS session
  FROM dated_trades
  LEFT JOIN sessions_edges AS span ON
    (dated_trades.ts_us // 3600000000) = span.hour AND dated_trades.ts_us >= span.start AND
    dated_trades.ts_us < span.stop
), trades AS (SELECT labelled_trades.*, 'BTCUSDT' AS symbol, 'binance' AS exchange FROM labelled_trades),
computed AS (
  SELECT *, LAG(price, 1) OVER (PARTITION BY feed ORDER BY ts_us, seq) AS w_0
  FROM trades
  WHERE quantity >= 0.01
)
SELECT
  symbol, exchange, MAKE_TIMESTAMPTZ(ts_us) AS ts, seq AS seq_2, price, quantity, side, trade_id, conditions,
  market, session, CAST('1970-01-01' AS DATE) + CAST(session_date AS INT) AS session_date,
  LIST_TRANSFORM([price - w_0], LAMBDA _1 : CASE WHEN ISFINITE(_1) THEN _1 END)[1] AS step
FROM computed
WHERE ts_us >= 1741615200000000 AND ts_us < 1741618800000000
ORDER BY feed, ts_us, seq
