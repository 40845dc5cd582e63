WITH grid (i, start, stop, origin, step, bound, session_date, market_open, first_open) AS (…),  -- 5 rows
trades AS (
  SELECT 0 AS feed, EPOCH_US(ts) AS ts_us, seq, price, quantity, conditions
  FROM READ_PARQUET(['LAKE/ticks/nasdaq/AAPL/2025-03-10.parquet'], hive_partitioning := FALSE)
  WHERE ts >= MAKE_TIMESTAMPTZ(1741579200000000) AND ts < MAKE_TIMESTAMPTZ(1741665600000000)
), grid_edges AS (SELECT *, UNNEST(RANGE(start // 3600000000, ((stop - 1) // 3600000000) + 1)) AS hour FROM grid),
trades_in_bars AS (
  SELECT
    feed, ts_us, seq, price, quantity, conditions, s.origin + (((ts_us - s.origin) // 300000000) * 300000000) AS bar,
    LEAST((s.origin + (((ts_us - s.origin) // 300000000) * 300000000)) + s.step, s.bound) AS bar_close, s.session_date
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
), sessions AS (
  SELECT
    UNNEST(CAST('[1, 2, 3]' AS BIGINT[])) AS i,
    UNNEST(CAST('[1741593600000000, 1741613400000000, 1741636800000000]' AS BIGINT[])) AS start,
    UNNEST(CAST('[1741613400000000, 1741636800000000, 1741651200000000]' AS BIGINT[])) AS stop,
    UNNEST(CAST(['premarket', 'regular', 'aftermarket'] AS TEXT[])) AS name
), bars AS (
  SELECT
    feed, bar AS ts_us, 'AAPL' AS symbol, 'nasdaq' AS exchange, '5m' AS "interval", bar_close AS ts_close, open, high,
    low, close, volume, trades, vwap, CASE WHEN bar_close <= span.stop THEN span.name END AS session, session_date,
    bar_close <= 1741996800000000 AS complete, FALSE AS filled
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
-- running running.vwap, running.upper.1.0, running.lower.1.0, running.upper.2.0, running.lower.2.0
-- range: from 2025-03-10T04:00:00Z before 2025-03-11T04:00:00Z
-- columns symbol, exchange, interval, ts, ts_close, running.vwap as vwap, running.upper.1.0 as upper_1, running.lower.1.0 as lower_1, running.upper.2.0 as upper_2, running.lower.2.0 as lower_2, session, session_date, complete
