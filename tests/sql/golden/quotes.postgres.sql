-- QUOTES FROM binance:BTCUSDT DURING 2025-03-10 WHERE spread_pct > 10bps ORDER BY spread DESC LIMIT 3
WITH "symbols" AS (
  SELECT
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST('binance' AS TEXT) AS "exchange",
    CAST('BTCUSDT' AS TEXT) AS "symbol"
), "stored_quotes" AS (
  SELECT
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST(ROUND(DATE_PART('epoch', "ts") * 1000000) AS BIGINT) AS "at",
    "seq",
    "bid",
    "bid_size",
    "ask",
    "ask_size"
  FROM "quotes"
  WHERE
    "venue" = 'binance'
    AND "symbol" = 'BTCUSDT'
    AND "ts" >= CAST('2025-03-10 09:30:00+00' AS TIMESTAMPTZ)
    AND "ts" < CAST('2025-03-10 11:45:00.000001+00' AS TIMESTAMPTZ)
  OFFSET 0
), "grid" AS (
  SELECT
    CAST(1 AS BIGINT) AS "i",
    CAST(0 AS BIGINT) AS "g",
    CAST(1741564800000000 AS BIGINT) AS "start",
    CAST(1741651200000000 AS BIGINT) AS "end",
    CAST(1741564800000000 AS BIGINT) AS "origin",
    CAST(3600000000 AS BIGINT) AS "step",
    CAST(1741651200000000 AS BIGINT) AS "limit",
    CAST(20157 AS BIGINT) AS "session_date",
    CAST(-4611686018427387904 AS BIGINT) AS "market_open",
    CAST(1741564800000000 AS BIGINT) AS "first_open"
), "grid_edges" AS (
  SELECT
    "g",
    ARRAY_AGG("start" ORDER BY "i") AS "starts"
  FROM "grid"
  GROUP BY
    "g"
), "dated_quotes" AS (
  SELECT
    "stored_quotes".*,
    CASE WHEN "stored_quotes"."at" < "s"."end" THEN "s"."session_date" END AS "session_date"
  FROM "stored_quotes"
  LEFT JOIN "grid" AS "s"
    ON "s"."g" = "stored_quotes"."g"
    AND "s"."i" = WIDTH_BUCKET(
      "stored_quotes"."at",
      (
        SELECT
          "starts"
        FROM "grid_edges"
        WHERE
          "g" = 0
      )
    )
), "sessions" AS (
  SELECT
    CAST(1 AS BIGINT) AS "i",
    CAST(0 AS BIGINT) AS "g",
    CAST(1741593600000000 AS BIGINT) AS "start",
    CAST(1741613400000000 AS BIGINT) AS "end",
    CAST('premarket' AS TEXT) AS "name"
), "sessions_edges" AS (
  SELECT
    "g",
    ARRAY_AGG("start" ORDER BY "i") AS "starts"
  FROM "sessions"
  GROUP BY
    "g"
), "labelled_quotes" AS (
  SELECT
    "dated_quotes".*,
    CASE WHEN "dated_quotes"."at" < "span"."end" THEN "span"."name" END AS "session"
  FROM "dated_quotes"
  LEFT JOIN "sessions" AS "span"
    ON "span"."g" = "dated_quotes"."g"
    AND "span"."i" = WIDTH_BUCKET(
      "dated_quotes"."at",
      (
        SELECT
          "starts"
        FROM "sessions_edges"
        WHERE
          "g" = 0
      )
    )
), "quotes_2" AS (
  SELECT
    "labelled_quotes".*,
    "symbols"."symbol" AS "symbol",
    "symbols"."exchange" AS "exchange",
    CASE
      WHEN "labelled_quotes"."bid" > CAST('0.0' AS DOUBLE PRECISION)
      AND "labelled_quotes"."ask" > CAST('0.0' AS DOUBLE PRECISION)
      THEN "labelled_quotes"."ask" - "labelled_quotes"."bid"
    END AS "spread",
    CASE
      WHEN "labelled_quotes"."bid" > CAST('0.0' AS DOUBLE PRECISION)
      AND "labelled_quotes"."ask" > CAST('0.0' AS DOUBLE PRECISION)
      THEN (
        "labelled_quotes"."bid" + "labelled_quotes"."ask"
      ) / CAST('2.0' AS DOUBLE PRECISION)
    END AS "mid",
    CASE
      WHEN "labelled_quotes"."bid" > CAST('0.0' AS DOUBLE PRECISION)
      AND "labelled_quotes"."ask" > CAST('0.0' AS DOUBLE PRECISION)
      THEN (
        CAST('100.0' AS DOUBLE PRECISION) * (
          "labelled_quotes"."ask" - "labelled_quotes"."bid"
        )
      ) / (
        (
          "labelled_quotes"."bid" + "labelled_quotes"."ask"
        ) / CAST('2.0' AS DOUBLE PRECISION)
      )
    END AS "spread_pct"
  FROM "labelled_quotes"
  JOIN "symbols"
    ON "symbols"."feed" = "labelled_quotes"."feed"
), "in_range" AS (
  SELECT
    *
  FROM "quotes_2"
  WHERE
    "at" >= 1741564800000000 AND "at" < 1741651200000000
), "passing" AS (
  SELECT
    *
  FROM "in_range"
  WHERE
    "spread_pct" > CAST('0.1' AS DOUBLE PRECISION)
), "result" AS (
  SELECT
    "feed",
    "at",
    "seq",
    "symbol" AS "symbol",
    "exchange" AS "exchange",
    "at" AS "ts",
    "seq" AS "seq_2",
    "bid" AS "bid",
    "bid_size" AS "bid_size",
    "ask" AS "ask",
    "ask_size" AS "ask_size",
    "spread" AS "spread",
    "mid" AS "mid",
    "spread_pct" AS "spread_pct",
    "session" AS "session",
    "session_date" AS "session_date",
    "spread" AS "order_0"
  FROM "passing"
), "taken" AS (
  SELECT
    *
  FROM "result"
  ORDER BY
    "order_0" DESC NULLS LAST,
    "feed" ASC,
    "at" ASC,
    "seq" ASC
  LIMIT 3
)
SELECT
  "symbol",
  "exchange",
  CAST('1970-01-01 00:00:00+00' AS TIMESTAMPTZ) + (
    "ts" * CAST('1 microsecond' AS INTERVAL)
  ) AS "ts",
  "seq_2",
  "bid",
  "bid_size",
  "ask",
  "ask_size",
  "spread",
  "mid",
  "spread_pct",
  "session",
  CAST('1970-01-01' AS DATE) + CAST("session_date" AS INT) AS "session_date"
FROM "taken"
ORDER BY
  "order_0" DESC NULLS LAST,
  "feed" ASC,
  "at" ASC,
  "seq" ASC
