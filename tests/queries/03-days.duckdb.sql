WITH grid (i, start, stop, origin, step, bound, session_date, market_open, first_open) AS (…),  -- 251 rows
trades AS (
  SELECT 0 AS feed, EPOCH_US(ts) AS ts_us, seq, price, quantity, conditions
  FROM READ_PARQUET([… 51 files], hive_partitioning := FALSE)
  WHERE ts >= MAKE_TIMESTAMPTZ(1736326800000000) AND ts < MAKE_TIMESTAMPTZ(1741996704398546)
), grid_edges AS (SELECT *, UNNEST(RANGE(start // 3600000000, ((stop - 1) // 3600000000) + 1)) AS hour FROM grid),
trades_in_bars AS (
  SELECT feed, ts_us, seq, price, quantity, conditions, s.origin AS bar, s.bound AS bar_close, s.session_date
  FROM trades
  JOIN grid_edges AS s ON (ts_us // 3600000000) = s.hour AND ts_us >= s.start AND ts_us < s.stop
  WHERE ts_us < s.stop
), judged_trades AS (
  SELECT
    *,
    conditions IS NULL OR CASE WHEN REGEXP_MATCHES(conditions, '(^|[^0-9])[0-9]{2}') THEN NOT (REGEXP_MATCHES(conditions, '(^|[^0-9])0*(15|16|38)([^0-9]|$)')) ELSE TRANSLATE(conditions, 'MQ9', '') = conditions END AS for_volume,
    conditions IS NULL OR CASE WHEN REGEXP_MATCHES(conditions, '(^|[^0-9])[0-9]{2}') THEN NOT (REGEXP_MATCHES(conditions, '(^|[^0-9])0*(7|13|15|16|20|21|29|37|38|52|53|2)([^0-9]|$)')) ELSE TRANSLATE(conditions, 'MQ9CHINRUVW7', '') = conditions END AS for_high_low,
    conditions IS NULL OR CASE WHEN REGEXP_MATCHES(conditions, '(^|[^0-9])[0-9]{2}') THEN NOT (REGEXP_MATCHES(conditions, '(^|[^0-9])0*(5|7|10|13|15|16|20|21|22|29|30|31|32|33|37|38|52|53|2)([^0-9]|$)')) ELSE TRANSLATE(conditions, 'MQ9CHINRUVW7GLPZ4', '') = conditions END AS for_open_close
  FROM trades_in_bars
), bars_from_trades AS (
  SELECT
    feed, bar, bar_close, session_date, FIRST(price ORDER BY ts_us, seq) FILTER(WHERE for_open_close) AS open,
    MAX(price) FILTER(WHERE for_high_low) AS high, MIN(price) FILTER(WHERE for_high_low) AS low,
    LAST(price ORDER BY ts_us, seq) FILTER(WHERE for_open_close) AS close,
    COALESCE(FSUM(quantity) FILTER(WHERE for_volume), 0) AS volume, COUNT(*) FILTER(WHERE for_volume) AS trades,
    CASE WHEN COALESCE(FSUM(quantity) FILTER(WHERE for_volume), 0) > 0 AND ISFINITE(FSUM(price * quantity) FILTER(WHERE for_volume)) THEN LEAST(GREATEST((FSUM(price * quantity) FILTER(WHERE for_volume)) / COALESCE(FSUM(quantity) FILTER(WHERE for_volume), 0), MIN(price) FILTER(WHERE for_volume)), MAX(price) FILTER(WHERE for_volume)) END AS vwap
  FROM judged_trades
  WHERE for_volume OR for_high_low OR for_open_close
  GROUP BY feed, bar, bar_close, session_date
), bars AS (
  SELECT
    feed, bar AS ts_us, 'AAPL' AS symbol, 'nasdaq' AS exchange, '1d' AS "interval", bar_close AS ts_close, open, high,
    low, close, volume, trades, vwap, CAST('regular' AS TEXT) AS session, session_date,
    bar_close <= 1741996800000000 AS complete, FALSE AS filled
  FROM bars_from_trades
), premarket_slots_grid (i, start, stop, origin, step, bound, session_date, market_open, first_open) AS (…),  -- 253 rows
premarket_sessions (feed, ts_us, ts_close, session_date) AS (…),  -- 253 rows
premarket_standing_quotes AS (
  SELECT 0 AS feed, EPOCH_US(ts) AS ts_us, seq, bid, ask
  FROM READ_PARQUET([… 51 files], hive_partitioning := FALSE)
  WHERE ts >= MAKE_TIMESTAMPTZ(1710216000000000) AND ts < MAKE_TIMESTAMPTZ(1741996800000000)
), premarket_pieces AS (
  SELECT
    premarket_sessions.feed, s.start AS ts_us, premarket_sessions.ts_us AS bar,
    LEAST(premarket_sessions.ts_close, s.stop, 1741996800000000) AS until, s.market_open AS opened
  FROM premarket_sessions
  JOIN premarket_slots_grid AS s ON s.first_open = premarket_sessions.ts_us
  WHERE s.market_open < 4611686018427387904
), premarket_events AS (
  SELECT
    feed, ts_us, seq, 1 AS kind, ts_us AS since, bid, ask, CAST(NULL AS BIGINT) AS bar, CAST(NULL AS BIGINT) AS until,
    CAST(NULL AS BIGINT) AS opened
  FROM premarket_standing_quotes
  UNION ALL
  SELECT
    feed, ts_us, CAST(0 AS BIGINT) AS seq, 0 AS kind, CAST(NULL AS BIGINT) AS since, CAST(NULL AS DOUBLE) AS bid,
    CAST(NULL AS DOUBLE) AS ask, bar, until, opened
  FROM premarket_pieces
), premarket_numbered_events AS (
  SELECT
    *,
    COUNT(since) OVER (PARTITION BY feed ORDER BY ts_us, kind, seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS quote_number,
    COUNT(bar) OVER (PARTITION BY feed ORDER BY ts_us, kind, seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS piece_number,
    LEAD(ts_us) OVER (PARTITION BY feed ORDER BY ts_us, kind, seq) AS next
  FROM premarket_events
), premarket_standing_events AS (
  SELECT
    feed, ts_us, next, MAX(since) OVER (PARTITION BY feed, quote_number) AS since,
    MAX(bid) OVER (PARTITION BY feed, quote_number) AS bid, MAX(ask) OVER (PARTITION BY feed, quote_number) AS ask,
    MAX(bar) OVER (PARTITION BY feed, piece_number) AS bar,
    MAX(until) OVER (PARTITION BY feed, piece_number) AS until,
    MAX(opened) OVER (PARTITION BY feed, piece_number) AS opened
  FROM premarket_numbered_events
), premarket_lives AS (
  SELECT feed, bar, bid, ask, CAST(LEAST(COALESCE(next, until), until) - ts_us AS DOUBLE) AS us
  FROM premarket_standing_events
  WHERE ts_us < LEAST(COALESCE(next, until), until) AND since >= opened AND bid <> 0 AND ask <> 0 AND bid <= ask
), premarket_quote_means AS (
  SELECT
    feed, bar,
    CASE WHEN (FSUM(us) FILTER(WHERE (bid + ask) > 0)) > 0 THEN (FSUM(((100 * (ask - bid)) / ((bid + ask) / 2)) * us) FILTER(WHERE (bid + ask) > 0)) / (FSUM(us) FILTER(WHERE (bid + ask) > 0)) END AS spread_pct
  FROM premarket_lives
  GROUP BY feed, bar
), premarket_means AS (
  SELECT premarket_sessions.*, premarket_quote_means.spread_pct AS premarket_spread_pct
  FROM premarket_sessions
  LEFT JOIN premarket_quote_means ON
    premarket_quote_means.feed = premarket_sessions.feed AND premarket_quote_means.bar = premarket_sessions.ts_us
), premarket_measured AS (
  SELECT bars.*, premarket_means.premarket_spread_pct
  FROM bars
  LEFT JOIN premarket_means ON premarket_means.feed = bars.feed AND premarket_means.session_date = bars.session_date
), computed AS (
  SELECT
    *,
    CASE WHEN (COUNT(volume) OVER (PARTITION BY feed ORDER BY ts_us ROWS BETWEEN 19 PRECEDING AND CURRENT ROW)) = 20 THEN AVG(volume) OVER (PARTITION BY feed ORDER BY ts_us ROWS BETWEEN 19 PRECEDING AND CURRENT ROW) END AS w_0
  FROM premarket_measured
), computed_2 AS (SELECT *, LAG(w_0, 1) OVER (PARTITION BY feed ORDER BY ts_us) AS w_1 FROM computed)
SELECT
  symbol, exchange, CAST('1970-01-01' AS DATE) + CAST(session_date AS INT) AS session_date,
  MAKE_TIMESTAMPTZ(ts_us) AS start, MAKE_TIMESTAMPTZ(ts_close) AS "end", premarket_spread_pct,
  LIST_TRANSFORM([volume / w_1], LAMBDA _2 : CASE WHEN ISFINITE(_2) THEN _2 END)[1] AS rvol_20
FROM computed_2
WHERE
  ts_us >= 1710388800000000 AND ts_us < 1741996800000000 AND complete AND premarket_spread_pct < 0.05 AND
  LIST_TRANSFORM([volume / w_1], LAMBDA _1 : CASE WHEN ISFINITE(_1) THEN _1 END)[1] > 1
ORDER BY feed, ts_us
