WITH trades AS (
  SELECT 0 AS feed, EPOCH_US(ts) AS ts_us, seq, price, quantity
  FROM READ_PARQUET([… 35 files], hive_partitioning := FALSE)
  WHERE ts >= MAKE_TIMESTAMPTZ(1738800000000000) AND ts < MAKE_TIMESTAMPTZ(1741996800000000)
), trades_in_bars AS (SELECT *, (ts_us // 3600000000) * 3600000000 AS bar FROM trades),
bars_from_trades AS (
  SELECT
    feed, bar, bar + 3600000000 AS bar_close, bar // 86400000000 AS session_date,
    FIRST(price ORDER BY ts_us, seq) AS open, MAX(price) AS high, MIN(price) AS low,
    LAST(price ORDER BY ts_us, seq) AS close, FSUM(quantity) AS volume, COUNT(*) AS trades,
    CASE WHEN FSUM(quantity) > 0 AND ISFINITE(FSUM(price * quantity)) THEN LEAST(GREATEST(FSUM(price * quantity) / FSUM(quantity), MIN(price)), MAX(price)) END AS vwap
  FROM trades_in_bars
  GROUP BY feed, bar
), sessions (i, start, stop, name) AS (…),  -- 85 rows
bars AS (
  SELECT
    feed, bar AS ts_us, 'BTCUSDT' AS symbol, 'binance' AS exchange, '1h' AS "interval", bar_close AS ts_close, open,
    high, low, close, volume, trades, vwap, CASE WHEN bar_close <= span.stop THEN span.name END AS session,
    session_date, bar_close <= 1741996800000000 AS complete, FALSE AS filled
  FROM bars_from_trades
  ASOF LEFT JOIN sessions AS span ON bar >= span.start
), standing_quotes AS (
  SELECT 0 AS feed, EPOCH_US(ts) AS ts_us, seq, bid, ask
  FROM READ_PARQUET([… 35 files], hive_partitioning := FALSE)
  WHERE ts >= MAKE_TIMESTAMPTZ(1738800000000000) AND ts < MAKE_TIMESTAMPTZ(1741996800000000)
), pieces AS (
  SELECT
    bars.feed, bars.ts_us, bars.ts_us AS bar, LEAST(bars.ts_close, 1741996800000000) AS until,
    -4611686018427387904 AS opened
  FROM bars
), events AS (
  SELECT
    feed, ts_us, seq, 1 AS kind, ts_us AS since, bid, ask, CAST(NULL AS BIGINT) AS bar, CAST(NULL AS BIGINT) AS until,
    CAST(NULL AS BIGINT) AS opened
  FROM standing_quotes
  UNION ALL
  SELECT
    feed, ts_us, CAST(0 AS BIGINT) AS seq, 0 AS kind, CAST(NULL AS BIGINT) AS since, CAST(NULL AS DOUBLE) AS bid,
    CAST(NULL AS DOUBLE) AS ask, bar, until, opened
  FROM pieces
), numbered_events AS (
  SELECT
    *,
    COUNT(since) OVER (PARTITION BY feed ORDER BY ts_us, kind, seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS quote_number,
    COUNT(bar) OVER (PARTITION BY feed ORDER BY ts_us, kind, seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS piece_number,
    LEAD(ts_us) OVER (PARTITION BY feed ORDER BY ts_us, kind, seq) AS next
  FROM events
), standing_events AS (
  SELECT
    feed, ts_us, next, MAX(since) OVER (PARTITION BY feed, quote_number) AS since,
    MAX(bid) OVER (PARTITION BY feed, quote_number) AS bid, MAX(ask) OVER (PARTITION BY feed, quote_number) AS ask,
    MAX(bar) OVER (PARTITION BY feed, piece_number) AS bar,
    MAX(until) OVER (PARTITION BY feed, piece_number) AS until,
    MAX(opened) OVER (PARTITION BY feed, piece_number) AS opened
  FROM numbered_events
), lives AS (
  SELECT feed, bar, bid, ask, CAST(LEAST(COALESCE(next, until), until) - ts_us AS DOUBLE) AS us
  FROM standing_events
  WHERE ts_us < LEAST(COALESCE(next, until), until) AND since >= opened AND bid <> 0 AND ask <> 0 AND bid <= ask
), quote_means AS (
  SELECT
    feed, bar,
    CASE WHEN (FSUM(us) FILTER(WHERE (bid + ask) > 0)) > 0 THEN (FSUM(((100 * (ask - bid)) / ((bid + ask) / 2)) * us) FILTER(WHERE (bid + ask) > 0)) / (FSUM(us) FILTER(WHERE (bid + ask) > 0)) END AS spread_pct
  FROM lives
  GROUP BY feed, bar
), measured AS (
  SELECT bars.*, quote_means.spread_pct
  FROM bars
  LEFT JOIN quote_means ON quote_means.feed = bars.feed AND quote_means.bar = bars.ts_us
), flagged AS (SELECT *, COALESCE(session = 'premarket', FALSE) AS in_premarket FROM measured),
computed AS (
  SELECT
    *,
    CASE WHEN (COUNT(close) OVER (PARTITION BY feed ORDER BY ts_us ROWS BETWEEN 19 PRECEDING AND CURRENT ROW)) = 20 THEN AVG(close) OVER (PARTITION BY feed ORDER BY ts_us ROWS BETWEEN 19 PRECEDING AND CURRENT ROW) END AS w_0
  FROM flagged
)
SELECT
  symbol, exchange, "interval", MAKE_TIMESTAMPTZ(ts_us) AS ts, MAKE_TIMESTAMPTZ(ts_close) AS ts_close, open, high,
  low, close, volume, trades, vwap, session, CAST('1970-01-01' AS DATE) + CAST(session_date AS INT) AS session_date,
  complete, filled, spread_pct
FROM computed
WHERE ts_us < 1741996800000000 AND complete AND in_premarket AND spread_pct < 0.05 AND close > w_0
ORDER BY feed, ts_us
