WITH "symbols" AS (
  SELECT
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST('binance' AS TEXT) AS "exchange",
    CAST('BTCUSDT' AS TEXT) AS "symbol"
), "grid" AS (
  SELECT
    UNNEST(
      CAST('[… 33 items]' AS BIGINT[])
    ) AS "i",
    CAST(0 AS BIGINT) AS "g",
    UNNEST(
      CAST('[… 33 items]' AS BIGINT[])
    ) AS "start",
    UNNEST(
      CAST('[… 33 items]' AS BIGINT[])
    ) AS "end",
    UNNEST(
      CAST('[… 33 items]' AS BIGINT[])
    ) AS "origin",
    CAST(900000000 AS BIGINT) AS "step",
    UNNEST(
      CAST('[… 33 items]' AS BIGINT[])
    ) AS "limit",
    UNNEST(
      CAST('[… 33 items]' AS BIGINT[])
    ) AS "session_date",
    CAST(-4611686018427387904 AS BIGINT) AS "market_open",
    UNNEST(
      CAST('[… 33 items]' AS BIGINT[])
    ) AS "first_open"
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
    UNNEST(
      CAST([… 33 items] AS TEXT[])
    ) AS "path",
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST(1739178900000000 AS BIGINT) AS "start",
    CAST(1741996800000000 AS BIGINT) AS "end"
), "trades" AS (
  SELECT
    "ticks_files"."feed",
    "ticks_files"."g",
    EPOCH_US("t"."ts") AS "at",
    "t"."seq",
    "t"."price",
    "t"."quantity"
  FROM READ_PARQUET(
    [… 33 items],
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
        ) // 900000000
      ) * 900000000
    ) AS "bar",
    LEAST(
      (
        "s"."origin" + (
          (
            (
              "trades"."at" - "s"."origin"
            ) // 900000000
          ) * 900000000
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
    CAST(1739178900000000 AS BIGINT) AS "from",
    CAST(1741996771094447 AS BIGINT) AS "until"
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
    UNNEST(
      CAST('[… 72 items]' AS BIGINT[])
    ) AS "i",
    CAST(0 AS BIGINT) AS "g",
    UNNEST(
      CAST('[… 72 items]' AS BIGINT[])
    ) AS "start",
    UNNEST(
      CAST('[… 72 items]' AS BIGINT[])
    ) AS "end",
    UNNEST(
      CAST([… 72 items] AS TEXT[])
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
    '15m' AS "interval",
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
), "computed" AS (
  SELECT
    *,
    LAG("close", 1) OVER (PARTITION BY "feed" ORDER BY "at" ASC) AS "w_1",
    CASE
      WHEN (
        COUNT("close") OVER (PARTITION BY "feed" ORDER BY "at" ASC ROWS BETWEEN 49 PRECEDING AND CURRENT ROW)
      ) = 50
      THEN AVG("close") OVER (PARTITION BY "feed" ORDER BY "at" ASC ROWS BETWEEN 49 PRECEDING AND CURRENT ROW)
    END AS "w_3"
  FROM "bars"
), "ema_rows" AS (
  SELECT
    *,
    ROW_NUMBER() OVER (PARTITION BY "feed" ORDER BY "at" ASC) AS "row"
  FROM "computed"
), "ema_lists" AS (
  SELECT
    "feed",
    TAPEQL_EMA(LIST("close" ORDER BY "row"), CAST('20.0' AS DOUBLE)) AS "answer",
    COUNT(*) AS "rows"
  FROM "ema_rows"
  GROUP BY
    "feed"
), "ema_values" AS (
  SELECT
    "feed",
    UNNEST(RANGE(1, "rows" + 1)) AS "row",
    UNNEST("answer") AS "answer"
  FROM "ema_lists"
), "ema" AS (
  SELECT
    "ema_rows".*
    EXCLUDE ("row"),
    "ema_values"."answer" AS "w_0"
  FROM "ema_rows"
  JOIN "ema_values"
    ON "ema_rows"."feed" = "ema_values"."feed" AND "ema_rows"."row" = "ema_values"."row"
), "computed_2" AS (
  SELECT
    *,
    LAG("w_0", 1) OVER (PARTITION BY "feed" ORDER BY "at" ASC) AS "w_2"
  FROM "ema"
), "in_range" AS (
  SELECT
    *
  FROM "computed_2"
  WHERE
    "at" >= 1739404800000000 AND "at" < 1741996800000000 AND "complete"
), "passing" AS (
  SELECT
    *
  FROM "in_range"
  WHERE
    "close" > "w_0" AND "w_1" <= "w_2" AND "close" > "w_3"
), "result" AS (
  SELECT
    "feed",
    "at",
    "symbol" AS "symbol",
    "exchange" AS "exchange",
    "interval" AS "interval",
    "at" AS "ts",
    "ts_close" AS "ts_close",
    "open" AS "open",
    "high" AS "high",
    "low" AS "low",
    "close" AS "close",
    "volume" AS "volume",
    "trades" AS "trades",
    "vwap" AS "vwap",
    "session" AS "session",
    "session_date" AS "session_date",
    "complete" AS "complete",
    "filled" AS "filled"
  FROM "passing"
)
SELECT
  "symbol",
  "exchange",
  "interval",
  MAKE_TIMESTAMPTZ("ts") AS "ts",
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
  "filled"
FROM "result"
ORDER BY
  "feed" ASC,
  "at" ASC
