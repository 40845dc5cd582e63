WITH grid (i, start, stop, origin, step, bound, session_date, market_open, first_open) AS (…),  -- 172 rows
trades AS (
  SELECT 0 AS feed, EPOCH_US(ts) AS ts_us, seq, price, quantity, conditions
  FROM READ_PARQUET([… 51 files], hive_partitioning := FALSE)
  WHERE ts >= MAKE_TIMESTAMPTZ(1736586000000000) AND ts < MAKE_TIMESTAMPTZ(1741996800000000)
), grid_edges AS (SELECT *, UNNEST(RANGE(start // 3600000000, ((stop - 1) // 3600000000) + 1)) AS hour FROM grid),
trades_in_bars AS (
  SELECT
    feed, ts_us, seq, price, quantity, conditions,
    s.origin + (((ts_us - s.origin) // 3600000000) * 3600000000) AS bar,
    LEAST((s.origin + (((ts_us - s.origin) // 3600000000) * 3600000000)) + s.step, s.bound) AS bar_close,
    s.session_date
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
), sessions (i, start, stop, name) AS (…),  -- 132 rows
bars AS (
  SELECT
    feed, bar AS ts_us, 'AAPL' AS symbol, 'nasdaq' AS exchange, '1h' AS "interval", bar_close AS ts_close, open, high,
    low, close, volume, trades, vwap, CASE WHEN bar_close <= span.stop THEN span.name END AS session, session_date,
    bar_close <= 1741996800000000 AS complete, FALSE AS filled
  FROM bars_from_trades
  ASOF LEFT JOIN sessions AS span ON bar >= span.start
), chosen_grid (i, start, stop, origin, step, bound, session_date, market_open, first_open) AS (…),  -- 253 rows
chosen_trades AS (
  SELECT 0 AS feed, EPOCH_US(ts) AS ts_us, seq, price, quantity, conditions
  FROM READ_PARQUET([… 51 files], hive_partitioning := FALSE)
  WHERE ts >= MAKE_TIMESTAMPTZ(1736326800000000) AND ts < MAKE_TIMESTAMPTZ(1741996704398546)
), chosen_grid_edges AS (
  SELECT *, UNNEST(RANGE(start // 3600000000, ((stop - 1) // 3600000000) + 1)) AS hour
  FROM chosen_grid
), chosen_trades_in_bars AS (
  SELECT feed, ts_us, seq, price, quantity, conditions, s.origin AS bar, s.bound AS bar_close, s.session_date
  FROM chosen_trades
  JOIN chosen_grid_edges AS s ON (ts_us // 3600000000) = s.hour AND ts_us >= s.start AND ts_us < s.stop
  WHERE ts_us < s.stop
), chosen_judged_trades AS (
  SELECT
    *,
    conditions IS NULL OR CASE WHEN REGEXP_MATCHES(conditions, '(^|[^0-9])[0-9]{2}') THEN NOT (REGEXP_MATCHES(conditions, '(^|[^0-9])0*(15|16|38)([^0-9]|$)')) ELSE TRANSLATE(conditions, 'MQ9', '') = conditions END AS for_volume,
    conditions IS NULL OR CASE WHEN REGEXP_MATCHES(conditions, '(^|[^0-9])[0-9]{2}') THEN NOT (REGEXP_MATCHES(conditions, '(^|[^0-9])0*(7|13|15|16|20|21|29|37|38|52|53|2)([^0-9]|$)')) ELSE TRANSLATE(conditions, 'MQ9CHINRUVW7', '') = conditions END AS for_high_low,
    conditions IS NULL OR CASE WHEN REGEXP_MATCHES(conditions, '(^|[^0-9])[0-9]{2}') THEN NOT (REGEXP_MATCHES(conditions, '(^|[^0-9])0*(5|7|10|13|15|16|20|21|22|29|30|31|32|33|37|38|52|53|2)([^0-9]|$)')) ELSE TRANSLATE(conditions, 'MQ9CHINRUVW7GLPZ4', '') = conditions END AS for_open_close
  FROM chosen_trades_in_bars
), chosen_bars_from_trades AS (
  SELECT
    feed, bar, bar_close, session_date, FIRST(price ORDER BY ts_us, seq) FILTER(WHERE for_open_close) AS open,
    MAX(price) FILTER(WHERE for_high_low) AS high, MIN(price) FILTER(WHERE for_high_low) AS low,
    LAST(price ORDER BY ts_us, seq) FILTER(WHERE for_open_close) AS close,
    COALESCE(FSUM(quantity) FILTER(WHERE for_volume), 0) AS volume, COUNT(*) FILTER(WHERE for_volume) AS trades,
    CASE WHEN COALESCE(FSUM(quantity) FILTER(WHERE for_volume), 0) > 0 AND ISFINITE(FSUM(price * quantity) FILTER(WHERE for_volume)) THEN LEAST(GREATEST((FSUM(price * quantity) FILTER(WHERE for_volume)) / COALESCE(FSUM(quantity) FILTER(WHERE for_volume), 0), MIN(price) FILTER(WHERE for_volume)), MAX(price) FILTER(WHERE for_volume)) END AS vwap
  FROM chosen_judged_trades
  WHERE for_volume OR for_high_low OR for_open_close
  GROUP BY feed, bar, bar_close, session_date
), chosen_bars AS (
  SELECT
    feed, bar AS ts_us, 'AAPL' AS symbol, 'nasdaq' AS exchange, '1d' AS "interval", bar_close AS ts_close, open, high,
    low, close, volume, trades, vwap, CAST('regular' AS TEXT) AS session, session_date,
    bar_close <= 1741996800000000 AS complete, FALSE AS filled
  FROM chosen_bars_from_trades
), chosen_premarket_slots_grid (i, start, stop, origin, step, bound, session_date, market_open, first_open) AS (…),  -- 254 rows
chosen_premarket_sessions (feed, ts_us, ts_close, session_date) AS (…),  -- 254 rows
chosen_premarket_standing_quotes AS (
  SELECT 0 AS feed, EPOCH_US(ts) AS ts_us, seq, bid, ask
  FROM READ_PARQUET([… 51 files], hive_partitioning := FALSE)
  WHERE ts >= MAKE_TIMESTAMPTZ(1710043200000000) AND ts < MAKE_TIMESTAMPTZ(1741996800000000)
), chosen_premarket_pieces AS (
  SELECT
    chosen_premarket_sessions.feed, s.start AS ts_us, chosen_premarket_sessions.ts_us AS bar,
    LEAST(chosen_premarket_sessions.ts_close, s.stop, 1741996800000000) AS until, s.market_open AS opened
  FROM chosen_premarket_sessions
  JOIN chosen_premarket_slots_grid AS s ON s.first_open = chosen_premarket_sessions.ts_us
  WHERE s.market_open < 4611686018427387904
), chosen_premarket_events AS (
  SELECT
    feed, ts_us, seq, 1 AS kind, ts_us AS since, bid, ask, CAST(NULL AS BIGINT) AS bar, CAST(NULL AS BIGINT) AS until,
    CAST(NULL AS BIGINT) AS opened
  FROM chosen_premarket_standing_quotes
  UNION ALL
  SELECT
    feed, ts_us, CAST(0 AS BIGINT) AS seq, 0 AS kind, CAST(NULL AS BIGINT) AS since, CAST(NULL AS DOUBLE) AS bid,
    CAST(NULL AS DOUBLE) AS ask, bar, until, opened
  FROM chosen_premarket_pieces
), chosen_premarket_numbered_events AS (
  SELECT
    *,
    COUNT(since) OVER (PARTITION BY feed ORDER BY ts_us, kind, seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS quote_number,
    COUNT(bar) OVER (PARTITION BY feed ORDER BY ts_us, kind, seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS piece_number,
    LEAD(ts_us) OVER (PARTITION BY feed ORDER BY ts_us, kind, seq) AS next
  FROM chosen_premarket_events
), chosen_premarket_standing_events AS (
  SELECT
    feed, ts_us, next, MAX(since) OVER (PARTITION BY feed, quote_number) AS since,
    MAX(bid) OVER (PARTITION BY feed, quote_number) AS bid, MAX(ask) OVER (PARTITION BY feed, quote_number) AS ask,
    MAX(bar) OVER (PARTITION BY feed, piece_number) AS bar,
    MAX(until) OVER (PARTITION BY feed, piece_number) AS until,
    MAX(opened) OVER (PARTITION BY feed, piece_number) AS opened
  FROM chosen_premarket_numbered_events
), chosen_premarket_lives AS (
  SELECT feed, bar, bid, ask, CAST(LEAST(COALESCE(next, until), until) - ts_us AS DOUBLE) AS us
  FROM chosen_premarket_standing_events
  WHERE ts_us < LEAST(COALESCE(next, until), until) AND since >= opened AND bid <> 0 AND ask <> 0 AND bid <= ask
), chosen_premarket_quote_means AS (
  SELECT
    feed, bar,
    CASE WHEN (FSUM(us) FILTER(WHERE (bid + ask) > 0)) > 0 THEN (FSUM(((100 * (ask - bid)) / ((bid + ask) / 2)) * us) FILTER(WHERE (bid + ask) > 0)) / (FSUM(us) FILTER(WHERE (bid + ask) > 0)) END AS spread_pct
  FROM chosen_premarket_lives
  GROUP BY feed, bar
), chosen_premarket_means AS (
  SELECT chosen_premarket_sessions.*, chosen_premarket_quote_means.spread_pct AS premarket_spread_pct
  FROM chosen_premarket_sessions
  LEFT JOIN chosen_premarket_quote_means ON
    chosen_premarket_quote_means.feed = chosen_premarket_sessions.feed AND
    chosen_premarket_quote_means.bar = chosen_premarket_sessions.ts_us
), chosen_premarket_measured AS (
  SELECT chosen_bars.*, chosen_premarket_means.premarket_spread_pct
  FROM chosen_bars
  LEFT JOIN chosen_premarket_means ON
    chosen_premarket_means.feed = chosen_bars.feed AND chosen_premarket_means.session_date = chosen_bars.session_date
), chosen_computed AS (
  SELECT
    *,
    CASE WHEN (COUNT(volume) OVER (PARTITION BY feed ORDER BY ts_us ROWS BETWEEN 19 PRECEDING AND CURRENT ROW)) = 20 THEN AVG(volume) OVER (PARTITION BY feed ORDER BY ts_us ROWS BETWEEN 19 PRECEDING AND CURRENT ROW) END AS w_0
  FROM chosen_premarket_measured
), chosen_computed_2 AS (SELECT *, LAG(w_0, 1) OVER (PARTITION BY feed ORDER BY ts_us) AS w_1 FROM chosen_computed),
chosen_result AS (
  SELECT feed, ts_us, symbol, exchange, session_date, ts_us AS start, ts_close AS "end", premarket_spread_pct
  FROM chosen_computed_2
  WHERE
    ts_us >= 1710216000000000 AND ts_us < 1742169600000000 AND complete AND premarket_spread_pct < 0.05 AND
    volume > w_1
), chosen_days AS (SELECT DISTINCT exchange, symbol, session_date FROM chosen_result)
SELECT
  symbol, exchange, "interval", MAKE_TIMESTAMPTZ(ts_us) AS ts, MAKE_TIMESTAMPTZ(ts_close) AS ts_close, open, high,
  low, close, volume, trades, vwap, session, CAST('1970-01-01' AS DATE) + CAST(session_date AS INT) AS session_date,
  complete, filled
FROM bars
WHERE
  ts_us >= 1710388800000000 AND ts_us < 1741996800000000 AND complete AND
  (exchange, symbol, session_date) IN (SELECT * FROM chosen_days)
ORDER BY feed, ts_us
