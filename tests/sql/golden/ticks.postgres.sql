-- TICKS FROM binance:BTCUSDT DURING 2025-03-10 TICKS WHERE quantity >= 2 ADD price * quantity AS value
WITH "symbols" AS (
  SELECT
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST('binance' AS TEXT) AS "exchange",
    CAST('BTCUSDT' AS TEXT) AS "symbol"
), "stored_trades" AS (
  SELECT
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST(ROUND(DATE_PART('epoch', "ts") * 1000000) AS BIGINT) AS "at",
    "seq",
    "price",
    "quantity",
    "side",
    "trade_id",
    "conditions"
  FROM "ticks"
  WHERE
    "venue" = 'binance'
    AND "symbol" = 'BTCUSDT'
    AND "ts" >= CAST('2025-03-10 10:00:00+00' AS TIMESTAMPTZ)
    AND "ts" < CAST('2025-03-11 00:00:00+00' AS TIMESTAMPTZ)
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
), "dated_trades" AS (
  SELECT
    "stored_trades".*,
    CASE WHEN "stored_trades"."at" < "s"."end" THEN "s"."session_date" END AS "session_date"
  FROM "stored_trades"
  LEFT JOIN "grid" AS "s"
    ON "s"."g" = "stored_trades"."g"
    AND "s"."i" = WIDTH_BUCKET(
      "stored_trades"."at",
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
    UNNEST(CAST('{1, 2, 3}' AS BIGINT[])) AS "i",
    CAST(0 AS BIGINT) AS "g",
    UNNEST(CAST('{1741593600000000, 1741613400000000, 1741636800000000}' AS BIGINT[])) AS "start",
    UNNEST(CAST('{1741613400000000, 1741636800000000, 1741651200000000}' AS BIGINT[])) AS "end",
    UNNEST(CAST(ARRAY['premarket', 'regular', 'aftermarket'] AS TEXT[])) AS "name"
), "sessions_edges" AS (
  SELECT
    "g",
    ARRAY_AGG("start" ORDER BY "i") AS "starts"
  FROM "sessions"
  GROUP BY
    "g"
), "labelled_trades" AS (
  SELECT
    "dated_trades".*,
    CASE WHEN "dated_trades"."at" < "span"."end" THEN "span"."name" END AS "session"
  FROM "dated_trades"
  LEFT JOIN "sessions" AS "span"
    ON "span"."g" = "dated_trades"."g"
    AND "span"."i" = WIDTH_BUCKET(
      "dated_trades"."at",
      (
        SELECT
          "starts"
        FROM "sessions_edges"
        WHERE
          "g" = 0
      )
    )
), "trades" AS (
  SELECT
    "labelled_trades".*,
    "symbols"."symbol" AS "symbol",
    "symbols"."exchange" AS "exchange"
  FROM "labelled_trades"
  JOIN "symbols"
    ON "symbols"."feed" = "labelled_trades"."feed"
), "passing_trades" AS (
  SELECT
    *
  FROM "trades"
  WHERE
    "quantity" >= CAST('2.0' AS DOUBLE PRECISION)
), "in_range" AS (
  SELECT
    *
  FROM "passing_trades"
  WHERE
    "at" >= 1741564800000000 AND "at" < 1741651200000000
), "result" AS (
  SELECT
    "feed",
    "at",
    "seq",
    "symbol" AS "symbol",
    "exchange" AS "exchange",
    "at" AS "ts",
    "seq" AS "seq_2",
    "price" AS "price",
    "quantity" AS "quantity",
    "side" AS "side",
    "trade_id" AS "trade_id",
    "conditions" AS "conditions",
    "session" AS "session",
    "session_date" AS "session_date",
    CASE
      WHEN ABS("price") BETWEEN CAST('1e-150' AS DOUBLE PRECISION) AND CAST('1e+150' AS DOUBLE PRECISION)
      AND ABS("quantity") BETWEEN CAST('1e-150' AS DOUBLE PRECISION) AND CAST('1e+150' AS DOUBLE PRECISION)
      THEN "price" * "quantity"
      WHEN "price" = CAST('0.0' AS DOUBLE PRECISION)
      OR "quantity" = CAST('0.0' AS DOUBLE PRECISION)
      THEN CASE
        WHEN "price" IS NULL OR "quantity" IS NULL
        THEN CAST(NULL AS DOUBLE PRECISION)
        ELSE CAST('0.0' AS DOUBLE PRECISION)
      END
      WHEN (
        LN(ABS("price")) + LN(ABS("quantity"))
      ) < CAST('-745.0' AS DOUBLE PRECISION)
      THEN CAST('0.0' AS DOUBLE PRECISION)
      WHEN (
        LN(ABS("price")) + LN(ABS("quantity"))
      ) < CAST('709.782712893384' AS DOUBLE PRECISION)
      THEN "price" * "quantity"
    END AS "value"
  FROM "in_range"
)
SELECT
  "symbol",
  "exchange",
  CAST('1970-01-01 00:00:00+00' AS TIMESTAMPTZ) + (
    "ts" * CAST('1 microsecond' AS INTERVAL)
  ) AS "ts",
  "seq_2",
  "price",
  "quantity",
  "side",
  "trade_id",
  "conditions",
  "session",
  CAST('1970-01-01' AS DATE) + CAST("session_date" AS INT) AS "session_date",
  "value"
FROM "result"
ORDER BY
  "feed" ASC,
  "at" ASC,
  "seq" ASC
