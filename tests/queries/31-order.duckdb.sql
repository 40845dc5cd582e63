WITH grid (i, g, start, stop, origin, step, bound, session_date, market_open, first_open) AS (…),  -- 25 rows
ticks_files (path, feed, g, start, stop) AS (…),  -- 10 rows
trades AS (
  SELECT ticks_files.feed, ticks_files.g, EPOCH_US(t.ts) AS ts_us, t.seq, t.price, t.quantity, t.conditions
  FROM READ_PARQUET([… 10 files], hive_partitioning := FALSE, filename := TRUE) AS t
  JOIN ticks_files ON t.filename = ticks_files.path
  WHERE t.ts >= MAKE_TIMESTAMPTZ(ticks_files.start) AND t.ts < MAKE_TIMESTAMPTZ(ticks_files.stop)
), grid_edges AS (SELECT *, UNNEST(RANGE(start // 3600000000, ((stop - 1) // 3600000000) + 1)) AS hour FROM grid),
trades_in_bars AS (
  SELECT
    feed, ts_us, seq, price, quantity, conditions,
    s.origin + (((ts_us - s.origin) // 3600000000) * 3600000000) AS bar,
    LEAST((s.origin + (((ts_us - s.origin) // 3600000000) * 3600000000)) + s.step, s.bound) AS bar_close,
    s.session_date
  FROM trades
  JOIN grid_edges AS s ON trades.g = s.g AND (ts_us // 3600000000) = s.hour AND ts_us >= s.start AND ts_us < s.stop
  WHERE ts_us < s.stop
), sale_conditions AS (
  SELECT
    UNNEST(CAST('[0, 1]' AS BIGINT[])) AS feed, UNNEST(CAST(['', 'MQ9'] AS TEXT[])) AS no_volume,
    UNNEST(CAST(['', 'MQ9CHINRUVW7'] AS TEXT[])) AS no_high_low,
    UNNEST(CAST(['', 'MQ9CHINRUVW7GLPZ4'] AS TEXT[])) AS no_open_close,
    UNNEST(CAST(['$.', '(^|[^0-9])0*(15|16|38)([^0-9]|$)'] AS TEXT[])) AS no_volume_numbers,
    UNNEST(CAST(['$.', '(^|[^0-9])0*(7|13|15|16|20|21|29|37|38|52|53|2)([^0-9]|$)'] AS TEXT[])) AS no_high_low_numbers,
    UNNEST(CAST(['$.', '(^|[^0-9])0*(5|7|10|13|15|16|20|21|22|29|30|31|32|33|37|38|52|53|2)([^0-9]|$)'] AS TEXT[])) AS no_open_close_numbers
), judged_trades AS (
  SELECT
    trades_in_bars.*,
    conditions IS NULL OR CASE WHEN REGEXP_MATCHES(conditions, '(^|[^0-9])[0-9]{2}') THEN NOT (REGEXP_MATCHES(conditions, sale_conditions.no_volume_numbers)) ELSE TRANSLATE(conditions, sale_conditions.no_volume, '') = conditions END AS for_volume,
    conditions IS NULL OR CASE WHEN REGEXP_MATCHES(conditions, '(^|[^0-9])[0-9]{2}') THEN NOT (REGEXP_MATCHES(conditions, sale_conditions.no_high_low_numbers)) ELSE TRANSLATE(conditions, sale_conditions.no_high_low, '') = conditions END AS for_high_low,
    conditions IS NULL OR CASE WHEN REGEXP_MATCHES(conditions, '(^|[^0-9])[0-9]{2}') THEN NOT (REGEXP_MATCHES(conditions, sale_conditions.no_open_close_numbers)) ELSE TRANSLATE(conditions, sale_conditions.no_open_close, '') = conditions END AS for_open_close
  FROM trades_in_bars
  JOIN sale_conditions ON sale_conditions.feed = trades_in_bars.feed
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
), symbols AS (
  SELECT
    UNNEST(CAST('[0, 1]' AS BIGINT[])) AS feed, UNNEST(CAST('[0, 1]' AS BIGINT[])) AS g,
    UNNEST(CAST(['binance', 'nasdaq'] AS TEXT[])) AS exchange, UNNEST(CAST(['BTCUSDT', 'AAPL'] AS TEXT[])) AS symbol
), sessions (i, g, start, stop, name) AS (…),  -- 32 rows
bars AS (
  SELECT
    bars_from_trades.feed, bar AS ts_us, symbols.symbol, symbols.exchange, '1h' AS "interval", bar_close AS ts_close,
    open, high, low, close, volume, trades, vwap, CASE WHEN bar_close <= span.stop THEN span.name END AS session,
    session_date, bar_close <= 1741996800000000 AS complete, FALSE AS filled
  FROM bars_from_trades
  JOIN symbols ON symbols.feed = bars_from_trades.feed
  ASOF LEFT JOIN sessions AS span ON symbols.g = span.g AND bar >= span.start
), quotes_files (path, feed, g, start, stop) AS (…),  -- 11 rows
standing_quotes AS (
  SELECT quotes_files.feed, quotes_files.g, EPOCH_US(t.ts) AS ts_us, t.seq, t.bid, t.ask
  FROM READ_PARQUET([… 11 files], hive_partitioning := FALSE, filename := TRUE) AS t
  JOIN quotes_files ON t.filename = quotes_files.path
  WHERE t.ts >= MAKE_TIMESTAMPTZ(quotes_files.start) AND t.ts < MAKE_TIMESTAMPTZ(quotes_files.stop)
), pieces AS (
  SELECT
    bars.feed, bars.ts_us, bars.ts_us AS bar, LEAST(bars.ts_close, s.stop, 1741996800000000) AS until,
    s.market_open AS opened
  FROM bars
  JOIN symbols ON symbols.feed = bars.feed
  ASOF JOIN grid AS s ON symbols.g = s.g AND bars.ts_us >= s.start
  WHERE
    bars.ts_us < s.stop AND (s.origin + (((bars.ts_us - s.origin) // 3600000000) * 3600000000)) = bars.ts_us AND
    s.market_open < 4611686018427387904
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
), result AS (
  SELECT
    feed, ts_us, exchange, symbol, ts_us AS ts, spread_pct, volume, spread_pct AS order_0, exchange AS per_0,
    symbol AS per_1
  FROM measured
  WHERE ts_us >= 1740960000000000 AND ts_us < 1741392000000000 AND complete
), ranked AS (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY per_0, per_1 ORDER BY order_0 DESC, feed, ts_us) AS "row"
  FROM result
)
SELECT exchange, symbol, MAKE_TIMESTAMPTZ(ts) AS ts, spread_pct, volume
FROM ranked
WHERE "row" <= 5
ORDER BY order_0 DESC, feed, ts_us
