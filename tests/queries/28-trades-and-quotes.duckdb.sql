WITH stored_trades AS (
  SELECT 0 AS feed, EPOCH_US(ts) AS ts_us, seq, price, quantity, side, trade_id, conditions, market
  FROM READ_PARQUET(['LAKE/ticks/binance/BTCUSDT/2025-03-10.parquet'], hive_partitioning := FALSE)
  WHERE ts >= MAKE_TIMESTAMPTZ(1741615200000000) AND ts < MAKE_TIMESTAMPTZ(1741618800000000)
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
quotes_read AS (
  SELECT 0 AS feed, EPOCH_US(ts) AS ts_us, seq, ask, ask_size, bid, bid_size
  FROM READ_PARQUET(['LAKE/quotes/binance/BTCUSDT/2025-03-10.parquet'], hive_partitioning := FALSE)
  WHERE ts >= MAKE_TIMESTAMPTZ(1741615200000000) AND ts < MAKE_TIMESTAMPTZ(1741618800000000)
), quotes_followed AS (
  SELECT
    feed, ts_us AS begun, LEAD(ts_us) OVER (PARTITION BY feed ORDER BY ts_us, seq) AS next,
    CASE WHEN quotes_read.bid <> 0 THEN quotes_read.bid END AS bid,
    CASE WHEN quotes_read.bid <> 0 THEN quotes_read.bid_size END AS bid_size,
    CASE WHEN quotes_read.ask <> 0 THEN quotes_read.ask END AS ask,
    CASE WHEN quotes_read.ask <> 0 THEN quotes_read.ask_size END AS ask_size,
    CASE WHEN quotes_read.bid <> 0 OR quotes_read.ask <> 0 THEN quotes_read.ts_us END AS quote_ts,
    CASE WHEN quotes_read.bid <> 0 AND quotes_read.ask <> 0 THEN (quotes_read.bid + quotes_read.ask) / 2 END AS mid
  FROM quotes_read
), last_quotes AS (SELECT * FROM quotes_followed WHERE next IS NULL OR next > begun),
quoted AS (
  SELECT
    trades.*, CASE WHEN (trades.ts_us - last_quotes.begun) <= 500000 THEN last_quotes.bid END AS quote_bid,
    CASE WHEN (trades.ts_us - last_quotes.begun) <= 500000 THEN last_quotes.bid_size END AS quote_bid_size,
    CASE WHEN (trades.ts_us - last_quotes.begun) <= 500000 THEN last_quotes.ask END AS quote_ask,
    CASE WHEN (trades.ts_us - last_quotes.begun) <= 500000 THEN last_quotes.ask_size END AS quote_ask_size,
    CASE WHEN (trades.ts_us - last_quotes.begun) <= 500000 THEN last_quotes.quote_ts END AS quote_quote_ts,
    CASE WHEN (trades.ts_us - last_quotes.begun) <= 500000 THEN last_quotes.mid END AS quote_mid
  FROM trades
  ASOF LEFT JOIN last_quotes ON trades.feed = last_quotes.feed AND trades.ts_us >= last_quotes.begun
  WHERE trades.quantity >= 0.3
)
SELECT
  symbol, exchange, MAKE_TIMESTAMPTZ(ts_us) AS ts, seq AS seq_2, price, quantity, side, trade_id, conditions,
  market, session, CAST('1970-01-01' AS DATE) + CAST(session_date AS INT) AS session_date, quote_bid AS bid,
  quote_bid_size AS bid_size, quote_ask AS ask, quote_ask_size AS ask_size,
  MAKE_TIMESTAMPTZ(quote_quote_ts) AS quote_ts, quote_mid AS mid,
  LIST_TRANSFORM([price - quote_mid], LAMBDA _1 : CASE WHEN ISFINITE(_1) THEN _1 END)[1] AS edge
FROM quoted
WHERE ts_us >= 1741615200000000 AND ts_us < 1741618800000000
ORDER BY feed, ts_us, seq
