WITH "symbols" AS (
  SELECT
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST('binance' AS TEXT) AS "exchange",
    CAST('BTCUSDT' AS TEXT) AS "symbol"
), "grid" AS (
  SELECT
    CAST(1 AS BIGINT) AS "i",
    CAST(0 AS BIGINT) AS "g",
    CAST(1739404800000000 AS BIGINT) AS "start",
    CAST(1739491200000000 AS BIGINT) AS "end",
    CAST(1739404800000000 AS BIGINT) AS "origin",
    CAST(300000000 AS BIGINT) AS "step",
    CAST(1739491200000000 AS BIGINT) AS "limit",
    CAST(20132 AS BIGINT) AS "session_date",
    CAST(-4611686018427387904 AS BIGINT) AS "market_open",
    CAST(1739404800000000 AS BIGINT) AS "first_open"
), "grid_edges" AS (
  SELECT
    *,
    UNNEST(RANGE("start" // 3600000000, (
      (
        "end" - 1
      ) // 3600000000
    ) + 1)) AS "hour"
  FROM "grid"
), "ticks_files" AS (
  SELECT
    CAST('LAKE/ticks/binance/BTCUSDT/2025-02-13.parquet' AS TEXT) AS "path",
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST(1739438700000000 AS BIGINT) AS "start",
    CAST(1739462700000000 AS BIGINT) AS "end"
), "trades" AS (
  SELECT
    "ticks_files"."feed",
    "ticks_files"."g",
    EPOCH_US("t"."ts") AS "at",
    "t"."seq",
    "t"."price",
    "t"."quantity"
  FROM READ_PARQUET(
    [
      'LAKE/ticks/binance/BTCUSDT/2025-02-13.parquet'
    ],
    filename := TRUE,
    hive_partitioning := FALSE
  ) AS "t"
  JOIN "ticks_files"
    ON "t"."filename" = "ticks_files"."path"
  WHERE
    "t"."ts" >= MAKE_TIMESTAMPTZ("ticks_files"."start")
    AND "t"."ts" < MAKE_TIMESTAMPTZ("ticks_files"."end")
), "trades_in_bars" AS (
  SELECT
    "trades"."feed",
    "trades"."g",
    "trades"."at",
    "trades"."seq",
    "trades"."price",
    "trades"."quantity",
    "s"."origin" + (
      (
        (
          "trades"."at" - "s"."origin"
        ) // 300000000
      ) * 300000000
    ) AS "bar",
    LEAST(
      (
        "s"."origin" + (
          (
            (
              "trades"."at" - "s"."origin"
            ) // 300000000
          ) * 300000000
        )
      ) + "s"."step",
      "s"."limit"
    ) AS "bar_close",
    "s"."session_date" AS "session_date"
  FROM "trades"
  JOIN "grid_edges" AS "s"
    ON "trades"."g" = "s"."g"
    AND (
      "trades"."at" // 3600000000
    ) = "s"."hour"
    AND "trades"."at" >= "s"."start"
    AND "trades"."at" < "s"."end"
  WHERE
    "trades"."at" < "s"."end"
), "openings" AS (
  SELECT
    CAST(0 AS BIGINT) AS "feed",
    CAST(1739438700000000 AS BIGINT) AS "from",
    CAST(1739462700000000 AS BIGINT) AS "until"
), "chosen_trades" AS (
  SELECT
    "trades_in_bars".*
  FROM "trades_in_bars"
  JOIN "openings"
    ON "openings"."feed" = "trades_in_bars"."feed"
    AND "trades_in_bars"."bar" >= "openings"."from"
    AND "trades_in_bars"."bar" < "openings"."until"
), "bars_from_trades" AS (
  SELECT
    "feed",
    "g",
    "bar",
    "bar_close",
    "session_date" AS "session_date",
    FIRST("price" ORDER BY "at" ASC, "seq" ASC) AS "open",
    MAX("price") AS "high",
    MIN("price") AS "low",
    LAST("price" ORDER BY "at" ASC, "seq" ASC) AS "close",
    COALESCE(FSUM("quantity"), CAST(0 AS DOUBLE)) AS "volume",
    COUNT(*) AS "trades",
    CASE
      WHEN COALESCE(FSUM("quantity"), CAST(0 AS DOUBLE)) > CAST(0 AS DOUBLE)
      AND ISFINITE(FSUM("price" * "quantity"))
      THEN LEAST(
        GREATEST(
          FSUM("price" * "quantity") / COALESCE(FSUM("quantity"), CAST(0 AS DOUBLE)),
          MIN("price")
        ),
        MAX("price")
      )
    END AS "vwap"
  FROM "chosen_trades"
  GROUP BY
    "feed",
    "g",
    "bar",
    "bar_close",
    "session_date"
), "sessions" AS (
  SELECT
    UNNEST(CAST('[1, 2, 3, 4, 5, 6, 7, 8]' AS BIGINT[])) AS "i",
    CAST(0 AS BIGINT) AS "g",
    UNNEST(
      CAST('[… 8 items]' AS BIGINT[])
    ) AS "start",
    UNNEST(
      CAST('[… 8 items]' AS BIGINT[])
    ) AS "end",
    UNNEST(
      CAST([… 8 items] AS TEXT[])
    ) AS "name"
), "sessions_edges" AS (
  SELECT
    *,
    UNNEST(RANGE("start" // 3600000000, (
      (
        "end" - 1
      ) // 3600000000
    ) + 1)) AS "hour"
  FROM "sessions"
), "bars" AS (
  SELECT
    "bars_from_trades"."feed",
    "bars_from_trades"."bar" AS "at",
    "symbols"."symbol" AS "symbol",
    "symbols"."exchange" AS "exchange",
    '5m' AS "interval",
    "bars_from_trades"."bar_close" AS "ts_close",
    "bars_from_trades"."open" AS "open",
    "bars_from_trades"."high" AS "high",
    "bars_from_trades"."low" AS "low",
    "bars_from_trades"."close" AS "close",
    "bars_from_trades"."volume" AS "volume",
    "bars_from_trades"."trades" AS "trades",
    "bars_from_trades"."vwap" AS "vwap",
    CASE WHEN "bars_from_trades"."bar_close" <= "span"."end" THEN "span"."name" END AS "session",
    "bars_from_trades"."session_date" AS "session_date",
    "bars_from_trades"."bar_close" <= 1741996800000000 AS "complete",
    FALSE AS "filled"
  FROM "bars_from_trades"
  JOIN "symbols"
    ON "symbols"."feed" = "bars_from_trades"."feed"
  LEFT JOIN "sessions_edges" AS "span"
    ON "symbols"."g" = "span"."g"
    AND (
      "bars_from_trades"."bar" // 3600000000
    ) = "span"."hour"
    AND "bars_from_trades"."bar" >= "span"."start"
    AND "bars_from_trades"."bar" < "span"."end"
)
SELECT
  "symbol",
  "exchange",
  "interval",
  MAKE_TIMESTAMPTZ("at") AS "at",
  MAKE_TIMESTAMPTZ("ts_close") AS "ts_close",
  "open",
  "high",
  "low",
  "close",
  "volume",
  "trades",
  "vwap",
  "session",
  CAST('1970-01-01' AS DATE) + CAST("session_date" AS INT) AS "session_date",
  "complete",
  "filled",
  "feed"
FROM "bars"
ORDER BY
  "feed" ASC,
  "at" ASC
-- then, on the kernels:
-- fill open previous, high previous, low previous, close previous, volume zero, trades zero, vwap null max 5
-- range: from 2025-02-13T09:30:00Z before 2025-02-13T16:00:00Z
-- columns symbol, exchange, interval, ts, ts_close, open, high, low, close, volume, trades, vwap, session, session_date, complete, filled
