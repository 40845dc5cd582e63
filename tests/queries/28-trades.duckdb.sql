WITH "symbols" AS (
  SELECT
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST('binance' AS TEXT) AS "exchange",
    CAST('BTCUSDT' AS TEXT) AS "symbol"
), "ticks_files" AS (
  SELECT
    CAST('LAKE/ticks/binance/BTCUSDT/2025-03-10.parquet' AS TEXT) AS "path",
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST(1741615197983367 AS BIGINT) AS "start",
    CAST(1741618800000000 AS BIGINT) AS "end"
), "stored_trades" AS (
  SELECT
    "ticks_files"."feed",
    "ticks_files"."g",
    EPOCH_US("t"."ts") AS "at",
    "t"."seq",
    "t"."price",
    "t"."quantity",
    "t"."side",
    "t"."trade_id",
    "t"."conditions"
  FROM READ_PARQUET(
    [
      'LAKE/ticks/binance/BTCUSDT/2025-03-10.parquet'
    ],
    filename := TRUE,
    hive_partitioning := FALSE
  ) AS "t"
  JOIN "ticks_files"
    ON "t"."filename" = "ticks_files"."path"
  WHERE
    "t"."ts" >= MAKE_TIMESTAMPTZ("ticks_files"."start")
    AND "t"."ts" < MAKE_TIMESTAMPTZ("ticks_files"."end")
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
    *,
    UNNEST(RANGE("start" // 3600000000, (
      (
        "end" - 1
      ) // 3600000000
    ) + 1)) AS "hour"
  FROM "grid"
), "dated_trades" AS (
  SELECT
    "stored_trades".*,
    CASE WHEN "stored_trades"."at" < "s"."end" THEN "s"."session_date" END AS "session_date"
  FROM "stored_trades"
  LEFT JOIN "grid_edges" AS "s"
    ON "stored_trades"."g" = "s"."g"
    AND (
      "stored_trades"."at" // 3600000000
    ) = "s"."hour"
    AND "stored_trades"."at" >= "s"."start"
    AND "stored_trades"."at" < "s"."end"
), "sessions" AS (
  SELECT
    CAST(1 AS BIGINT) AS "i",
    CAST(0 AS BIGINT) AS "g",
    CAST(1741613400000000 AS BIGINT) AS "start",
    CAST(1741636800000000 AS BIGINT) AS "end",
    CAST('regular' AS TEXT) AS "name"
), "sessions_edges" AS (
  SELECT
    *,
    UNNEST(RANGE("start" // 3600000000, (
      (
        "end" - 1
      ) // 3600000000
    ) + 1)) AS "hour"
  FROM "sessions"
), "labelled_trades" AS (
  SELECT
    "dated_trades".*,
    CASE WHEN "dated_trades"."at" < "span"."end" THEN "span"."name" END AS "session"
  FROM "dated_trades"
  LEFT JOIN "sessions_edges" AS "span"
    ON "dated_trades"."g" = "span"."g"
    AND (
      "dated_trades"."at" // 3600000000
    ) = "span"."hour"
    AND "dated_trades"."at" >= "span"."start"
    AND "dated_trades"."at" < "span"."end"
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
    "quantity" >= CAST('0.01' AS DOUBLE)
), "computed" AS (
  SELECT
    *,
    LAG("price", 1) OVER (PARTITION BY "feed" ORDER BY "at" ASC, "seq" ASC) AS "w_0"
  FROM "passing_trades"
), "in_range" AS (
  SELECT
    *
  FROM "computed"
  WHERE
    "at" >= 1741615200000000 AND "at" < 1741618800000000
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
    LIST_TRANSFORM(["price" - "w_0"], LAMBDA "_1" : CASE WHEN ISFINITE("_1") THEN "_1" END)[1] AS "step"
  FROM "in_range"
)
SELECT
  "symbol",
  "exchange",
  MAKE_TIMESTAMPTZ("ts") AS "ts",
  "seq_2",
  "price",
  "quantity",
  "side",
  "trade_id",
  "conditions",
  "session",
  CAST('1970-01-01' AS DATE) + CAST("session_date" AS INT) AS "session_date",
  "step"
FROM "result"
ORDER BY
  "feed" ASC,
  "at" ASC,
  "seq" ASC
