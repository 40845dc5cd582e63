WITH stored_trades AS (
  SELECT 0 AS feed, EPOCH_US(ts) AS ts_us, seq, price, quantity, side, trade_id, conditions, market
  FROM READ_PARQUET(['LAKE/ticks/nasdaq/AAPL/2025-03-10.parquet'], hive_partitioning := FALSE)
  WHERE ts >= MAKE_TIMESTAMPTZ(1741579200000000) AND ts < MAKE_TIMESTAMPTZ(1741665600000000)
), dated_trades AS (
  SELECT
    stored_trades.*,
    CASE WHEN stored_trades.ts_us >= 1741613400000000 AND stored_trades.ts_us < 1741636800000000 THEN 20157 END AS session_date
  FROM stored_trades
  WHERE stored_trades.ts_us >= 1741613400000000 AND stored_trades.ts_us < 1741636800000000
), sessions AS (
  SELECT
    UNNEST(CAST('[1, 2, 3]' AS BIGINT[])) AS i,
    UNNEST(CAST('[1741593600000000, 1741613400000000, 1741636800000000]' AS BIGINT[])) AS start,
    UNNEST(CAST('[1741613400000000, 1741636800000000, 1741651200000000]' AS BIGINT[])) AS stop,
    UNNEST(CAST(['premarket', 'regular', 'aftermarket'] AS TEXT[])) AS name
), sessions_edges AS (
  SELECT *, UNNEST(RANGE(start // 3600000000, ((stop - 1) // 3600000000) + 1)) AS hour
  FROM sessions
), labelled_trades AS (
  SELECT dated_trades.*, CASE WHEN dated_trades.ts_us < span.stop THEN span.name END AS session
  FROM dated_trades
  LEFT JOIN sessions_edges AS span ON
    (dated_trades.ts_us // 3600000000) = span.hour AND dated_trades.ts_us >= span.start AND
    dated_trades.ts_us < span.stop
), trades AS (SELECT labelled_trades.*, 'AAPL' AS symbol, 'nasdaq' AS exchange FROM labelled_trades)
SELECT
  symbol, exchange, MAKE_TIMESTAMPTZ(ts_us) AS ts_us, seq, price, quantity, side, trade_id, conditions, market,
  session, CAST('1970-01-01' AS DATE) + CAST(session_date AS INT) AS session_date, feed
FROM trades
WHERE ts_us >= 1741579200000000 AND ts_us < 1741665600000000
ORDER BY feed, ts_us, seq
-- then, on the kernels:
-- trades that count for volume
-- columns symbol as key.0, exchange as key.1, price as level.price, quantity as in.volume, CASE WHEN (side = 'buy') THEN quantity ELSE 0.0 END as in.buy, CASE WHEN (side = 'sell') THEN quantity ELSE 0.0 END as in.sell
-- groups by key.1, key.0, level.price: level.volume sum(in.volume), level.buy_volume sum(in.buy), level.sell_volume sum(in.sell), level.trades count()
-- levels 0.5 apart
-- columns key.0 as symbol, key.1 as exchange, level.price as price, level.volume as volume, level.buy_volume as buy_volume, level.sell_volume as sell_volume, level.trades as trades
