WITH stored_quotes AS (
  SELECT 0 AS feed, EPOCH_US(ts) AS ts_us, seq, bid, bid_size, ask, ask_size, market
  FROM READ_PARQUET(['LAKE/quotes/nasdaq/AAPL/2025-03-10.parquet'], hive_partitioning := FALSE)
  WHERE ts >= MAKE_TIMESTAMPTZ(1741579200000000) AND ts < MAKE_TIMESTAMPTZ(1741665600000000)
), dated_quotes AS (
  SELECT
    stored_quotes.*,
    CASE WHEN stored_quotes.ts_us >= 1741593600000000 AND stored_quotes.ts_us < 1741613400000000 THEN 20157 END AS session_date
  FROM stored_quotes
  WHERE stored_quotes.ts_us >= 1741593600000000 AND stored_quotes.ts_us < 1741613400000000
), sessions AS (
  SELECT
    UNNEST(CAST('[1, 2, 3]' AS BIGINT[])) AS i,
    UNNEST(CAST('[1741593600000000, 1741613400000000, 1741636800000000]' AS BIGINT[])) AS start,
    UNNEST(CAST('[1741613400000000, 1741636800000000, 1741651200000000]' AS BIGINT[])) AS stop,
    UNNEST(CAST(['premarket', 'regular', 'aftermarket'] AS TEXT[])) AS name
), sessions_edges AS (
  SELECT *, UNNEST(RANGE(start // 3600000000, ((stop - 1) // 3600000000) + 1)) AS hour
  FROM sessions
), labelled_quotes AS (
  SELECT dated_quotes.*, CASE WHEN dated_quotes.ts_us < span.stop THEN span.name END AS session
  FROM dated_quotes
  LEFT JOIN sessions_edges AS span ON
    (dated_quotes.ts_us // 3600000000) = span.hour AND dated_quotes.ts_us >= span.start AND
    dated_quotes.ts_us < span.stop
), quotes_2 AS (
  SELECT
    labelled_quotes.*, 'AAPL' AS symbol, 'nasdaq' AS exchange,
    CASE WHEN labelled_quotes.bid <> 0 AND labelled_quotes.ask <> 0 THEN labelled_quotes.ask - labelled_quotes.bid END AS spread,
    CASE WHEN labelled_quotes.bid <> 0 AND labelled_quotes.ask <> 0 THEN (labelled_quotes.bid + labelled_quotes.ask) / 2 END AS mid,
    CASE WHEN labelled_quotes.bid <> 0 AND labelled_quotes.ask <> 0 AND (labelled_quotes.bid + labelled_quotes.ask) > 0 THEN (100 * (labelled_quotes.ask - labelled_quotes.bid)) / ((labelled_quotes.bid + labelled_quotes.ask) / 2) END AS spread_pct
  FROM labelled_quotes
), result AS (
  SELECT
    feed, ts_us, seq, symbol, exchange, ts_us AS ts, seq AS seq_2, bid, bid_size, ask, ask_size, market, spread, mid,
    spread_pct, session, session_date
  FROM quotes_2
  WHERE spread_pct > 0.01 AND ts_us >= 1741579200000000 AND ts_us < 1741665600000000
), taken AS (SELECT * FROM result ORDER BY feed, ts_us, seq LIMIT 30)
SELECT
  symbol, exchange, MAKE_TIMESTAMPTZ(ts) AS ts, seq_2, bid, bid_size, ask, ask_size, market, spread, mid,
  spread_pct, session, CAST('1970-01-01' AS DATE) + CAST(session_date AS INT) AS session_date
FROM taken
ORDER BY feed, ts_us, seq
