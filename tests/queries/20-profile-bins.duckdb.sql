WITH stored_trades AS (
  SELECT 0 AS feed, EPOCH_US(ts) AS ts_us, seq, price, quantity, side, trade_id, conditions, market
  FROM READ_PARQUET(['LAKE/ticks/binance/BTCUSDT/2025-03-14.parquet'], hive_partitioning := FALSE)
  WHERE ts >= MAKE_TIMESTAMPTZ(1741910400000000) AND ts < MAKE_TIMESTAMPTZ(1741996771094447)
), dated_trades AS (SELECT stored_trades.*, 20161 AS session_date FROM stored_trades),
sessions AS (
  SELECT
    UNNEST(CAST('[1, 2, 3]' AS BIGINT[])) AS i,
    UNNEST(CAST('[1741939200000000, 1741959000000000, 1741982400000000]' AS BIGINT[])) AS start,
    UNNEST(CAST('[1741959000000000, 1741982400000000, 1741996800000000]' AS BIGINT[])) AS stop,
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
), trades AS (SELECT labelled_trades.*, 'BTCUSDT' AS symbol, 'binance' AS exchange FROM labelled_trades)
SELECT
  symbol AS key_0, exchange AS key_1, CAST('1970-01-01' AS DATE) + CAST(session_date AS INT) AS key_2,
  price AS level_price, quantity AS in_volume,
  CASE WHEN side = 'buy' THEN quantity ELSE CAST('0.0' AS DOUBLE) END AS in_buy,
  CASE WHEN side = 'sell' THEN quantity ELSE CAST('0.0' AS DOUBLE) END AS in_sell, feed
FROM trades
WHERE ts_us >= 1741910400000000 AND ts_us < 1741996800000000
ORDER BY trades.feed, ts_us, seq
-- then, on the kernels:
-- groups by key.1, key.0, key.2, level.price: level.volume sum(in.volume), level.buy_volume sum(in.buy), level.sell_volume sum(in.sell), level.trades count()
-- levels 50 of equal width, the area of 70% of the volume
-- columns key.0 as symbol, key.1 as exchange, key.2 as session_date, level.price as price, level.volume as volume, level.buy_volume as buy_volume, level.sell_volume as sell_volume, level.trades as trades, level.poc as poc, level.area.0.7.low as value_area_low, level.area.0.7.high as value_area_high
