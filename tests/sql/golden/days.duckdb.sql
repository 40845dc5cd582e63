-- DAYS FROM nyse:DDD DURING 2025-03-10 .. 2025-03-11 WHERE rvol(2) > 1 |> CANDLES 1d
WITH "symbols" AS (
  SELECT
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST('nyse' AS TEXT) AS "exchange",
    CAST('DDD' AS TEXT) AS "symbol"
), "grid" AS (
  SELECT
    UNNEST(CAST('[1, 2]' AS BIGINT[])) AS "i",
    CAST(0 AS BIGINT) AS "g",
    UNNEST(CAST('[1741613400000000, 1741699800000000]' AS BIGINT[])) AS "start",
    UNNEST(CAST('[1741636800000000, 1741723200000000]' AS BIGINT[])) AS "end",
    UNNEST(CAST('[1741613400000000, 1741699800000000]' AS BIGINT[])) AS "origin",
    CAST(0 AS BIGINT) AS "step",
    UNNEST(CAST('[1741636800000000, 1741723200000000]' AS BIGINT[])) AS "limit",
    UNNEST(CAST('[20157, 20158]' AS BIGINT[])) AS "session_date",
    UNNEST(CAST('[1741593600000000, 1741680000000000]' AS BIGINT[])) AS "market_open",
    UNNEST(CAST('[1741613400000000, 1741699800000000]' AS BIGINT[])) AS "first_open"
), "grid_edges" AS (
  SELECT
    *,
    UNNEST(RANGE("start" // 3600000000, (
      (
        "end" - 1
      ) // 3600000000
    ) + 1)) AS "hour"
  FROM "grid"
), "ohlcv_files" AS (
  SELECT
    CAST('LAKE/ohlcv/nyse/DDD/1d/2025.parquet' AS TEXT) AS "path",
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST(1738814400000000 AS BIGINT) AS "start",
    CAST(1744516800000000 AS BIGINT) AS "end"
), "candles_1d" AS (
  SELECT
    "ohlcv_files"."feed",
    "ohlcv_files"."g",
    EPOCH_US("t"."ts") AS "at",
    "t"."seq",
    "t"."open",
    "t"."high",
    "t"."low",
    "t"."close",
    "t"."volume",
    "t"."trades",
    "t"."vwap"
  FROM READ_PARQUET(
    [
      'LAKE/ohlcv/nyse/DDD/1d/2025.parquet'
    ],
    filename := TRUE,
    hive_partitioning := FALSE
  ) AS "t"
  JOIN "ohlcv_files"
    ON "t"."filename" = "ohlcv_files"."path"
  WHERE
    "t"."ts" >= MAKE_TIMESTAMPTZ("ohlcv_files"."start")
    AND "t"."ts" < MAKE_TIMESTAMPTZ("ohlcv_files"."end")
), "days_of_grid" AS (
  SELECT
    UNNEST(CAST('[1, 2]' AS BIGINT[])) AS "i",
    CAST(0 AS BIGINT) AS "g",
    UNNEST(CAST('[1741536000000000, 1741622400000000]' AS BIGINT[])) AS "start",
    UNNEST(CAST('[1741622400000000, 1741708800000000]' AS BIGINT[])) AS "end",
    UNNEST(CAST('[1741613400000000, 1741699800000000]' AS BIGINT[])) AS "origin",
    CAST(0 AS BIGINT) AS "step",
    UNNEST(CAST('[1741636800000000, 1741723200000000]' AS BIGINT[])) AS "limit",
    UNNEST(CAST('[20157, 20158]' AS BIGINT[])) AS "session_date",
    UNNEST(CAST('[1741593600000000, 1741680000000000]' AS BIGINT[])) AS "market_open",
    UNNEST(CAST('[1741613400000000, 1741699800000000]' AS BIGINT[])) AS "first_open"
), "days_of_grid_edges" AS (
  SELECT
    *,
    UNNEST(RANGE("start" // 3600000000, (
      (
        "end" - 1
      ) // 3600000000
    ) + 1)) AS "hour"
  FROM "days_of_grid"
), "candles_1d_in_bars" AS (
  SELECT
    "candles_1d"."feed",
    "candles_1d"."g",
    "candles_1d"."at",
    "candles_1d"."seq",
    "candles_1d"."open",
    "candles_1d"."high",
    "candles_1d"."low",
    "candles_1d"."close",
    "candles_1d"."volume",
    "candles_1d"."trades",
    "candles_1d"."vwap",
    "s"."origin" AS "bar",
    "s"."limit" AS "bar_close",
    "s"."session_date" AS "session_date"
  FROM "candles_1d"
  JOIN "days_of_grid_edges" AS "s"
    ON "candles_1d"."g" = "s"."g"
    AND (
      "candles_1d"."at" // 3600000000
    ) = "s"."hour"
    AND "candles_1d"."at" >= "s"."start"
    AND "candles_1d"."at" < "s"."end"
  WHERE
    "candles_1d"."at" < "s"."end"
), "openings" AS (
  SELECT
    CAST(0 AS BIGINT) AS "feed",
    CAST(1741579200000000 AS BIGINT) AS "from",
    CAST(1741752000000000 AS BIGINT) AS "until"
), "chosen_candles_1d" AS (
  SELECT
    "candles_1d_in_bars".*
  FROM "candles_1d_in_bars"
  JOIN "openings"
    ON "openings"."feed" = "candles_1d_in_bars"."feed"
    AND "candles_1d_in_bars"."bar" >= "openings"."from"
    AND "candles_1d_in_bars"."bar" < "openings"."until"
), "bars_from_1d" AS (
  SELECT
    "feed",
    "g",
    "bar",
    "bar_close",
    "session_date" AS "session_date",
    FIRST("open" ORDER BY "at" ASC, "seq" ASC) FILTER(WHERE
      NOT (
        "open" IS NULL
      )) AS "open",
    MAX("high") AS "high",
    MIN("low") AS "low",
    LAST("close" ORDER BY "at" ASC, "seq" ASC) FILTER(WHERE
      NOT (
        "close" IS NULL
      )) AS "close",
    FSUM("volume") AS "volume",
    CASE WHEN COUNT("trades") = COUNT(*) THEN CAST(SUM("trades") AS BIGINT) END AS "trades",
    CASE
      WHEN FSUM("volume") > CAST(0 AS DOUBLE)
      THEN CASE WHEN COUNT("vwap") = COUNT(*) THEN FSUM("vwap" * "volume") END / FSUM("volume")
    END AS "vwap"
  FROM "chosen_candles_1d"
  GROUP BY
    "feed",
    "g",
    "bar",
    "bar_close",
    "session_date"
), "bars" AS (
  SELECT
    "bars_from_1d"."feed",
    "bars_from_1d"."bar" AS "at",
    "symbols"."symbol" AS "symbol",
    "symbols"."exchange" AS "exchange",
    '1d' AS "interval",
    "bars_from_1d"."bar_close" AS "ts_close",
    "bars_from_1d"."open" AS "open",
    "bars_from_1d"."high" AS "high",
    "bars_from_1d"."low" AS "low",
    "bars_from_1d"."close" AS "close",
    "bars_from_1d"."volume" AS "volume",
    "bars_from_1d"."trades" AS "trades",
    "bars_from_1d"."vwap" AS "vwap",
    CAST('regular' AS TEXT) AS "session",
    "bars_from_1d"."session_date" AS "session_date",
    "bars_from_1d"."bar_close" <= 1742428800000000 AS "complete",
    FALSE AS "filled"
  FROM "bars_from_1d"
  JOIN "symbols"
    ON "symbols"."feed" = "bars_from_1d"."feed"
), "in_range" AS (
  SELECT
    *
  FROM "bars"
  WHERE
    "at" >= 1741579200000000 AND "at" < 1741752000000000 AND "complete"
), "chosen_grid" AS (
  SELECT
    UNNEST(CAST('[1, 2, 3, 4, 5, 6, 7]' AS BIGINT[])) AS "i",
    CAST(0 AS BIGINT) AS "g",
    UNNEST(
      CAST('[1741012200000000, 1741098600000000, 1741185000000000, 1741271400000000, 1741357800000000, 1741613400000000, 1741699800000000]' AS BIGINT[])
    ) AS "start",
    UNNEST(
      CAST('[1741035600000000, 1741122000000000, 1741208400000000, 1741294800000000, 1741381200000000, 1741636800000000, 1741723200000000]' AS BIGINT[])
    ) AS "end",
    UNNEST(
      CAST('[1741012200000000, 1741098600000000, 1741185000000000, 1741271400000000, 1741357800000000, 1741613400000000, 1741699800000000]' AS BIGINT[])
    ) AS "origin",
    CAST(0 AS BIGINT) AS "step",
    UNNEST(
      CAST('[1741035600000000, 1741122000000000, 1741208400000000, 1741294800000000, 1741381200000000, 1741636800000000, 1741723200000000]' AS BIGINT[])
    ) AS "limit",
    UNNEST(CAST('[20150, 20151, 20152, 20153, 20154, 20157, 20158]' AS BIGINT[])) AS "session_date",
    UNNEST(
      CAST('[1740992400000000, 1741078800000000, 1741165200000000, 1741251600000000, 1741338000000000, 1741593600000000, 1741680000000000]' AS BIGINT[])
    ) AS "market_open",
    UNNEST(
      CAST('[1741012200000000, 1741098600000000, 1741185000000000, 1741271400000000, 1741357800000000, 1741613400000000, 1741699800000000]' AS BIGINT[])
    ) AS "first_open"
), "chosen_grid_edges" AS (
  SELECT
    *,
    UNNEST(RANGE("start" // 3600000000, (
      (
        "end" - 1
      ) // 3600000000
    ) + 1)) AS "hour"
  FROM "chosen_grid"
), "ohlcv_files_2" AS (
  SELECT
    CAST('LAKE/ohlcv/nyse/DDD/1d/2025.parquet' AS TEXT) AS "path",
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST(1738108800000000 AS BIGINT) AS "start",
    CAST(1744516800000000 AS BIGINT) AS "end"
), "chosen_candles_1d_2" AS (
  SELECT
    "ohlcv_files_2"."feed",
    "ohlcv_files_2"."g",
    EPOCH_US("t"."ts") AS "at",
    "t"."seq",
    "t"."open",
    "t"."high",
    "t"."low",
    "t"."close",
    "t"."volume",
    "t"."trades",
    "t"."vwap"
  FROM READ_PARQUET(
    [
      'LAKE/ohlcv/nyse/DDD/1d/2025.parquet'
    ],
    filename := TRUE,
    hive_partitioning := FALSE
  ) AS "t"
  JOIN "ohlcv_files_2"
    ON "t"."filename" = "ohlcv_files_2"."path"
  WHERE
    "t"."ts" >= MAKE_TIMESTAMPTZ("ohlcv_files_2"."start")
    AND "t"."ts" < MAKE_TIMESTAMPTZ("ohlcv_files_2"."end")
), "chosen_days_of_grid" AS (
  SELECT
    UNNEST(CAST('[1, 2, 3, 4, 5, 6, 7]' AS BIGINT[])) AS "i",
    CAST(0 AS BIGINT) AS "g",
    UNNEST(
      CAST('[1740934800000000, 1741021200000000, 1741107600000000, 1741194000000000, 1741280400000000, 1741536000000000, 1741622400000000]' AS BIGINT[])
    ) AS "start",
    UNNEST(
      CAST('[1741021200000000, 1741107600000000, 1741194000000000, 1741280400000000, 1741366800000000, 1741622400000000, 1741708800000000]' AS BIGINT[])
    ) AS "end",
    UNNEST(
      CAST('[1741012200000000, 1741098600000000, 1741185000000000, 1741271400000000, 1741357800000000, 1741613400000000, 1741699800000000]' AS BIGINT[])
    ) AS "origin",
    CAST(0 AS BIGINT) AS "step",
    UNNEST(
      CAST('[1741035600000000, 1741122000000000, 1741208400000000, 1741294800000000, 1741381200000000, 1741636800000000, 1741723200000000]' AS BIGINT[])
    ) AS "limit",
    UNNEST(CAST('[20150, 20151, 20152, 20153, 20154, 20157, 20158]' AS BIGINT[])) AS "session_date",
    UNNEST(
      CAST('[1740992400000000, 1741078800000000, 1741165200000000, 1741251600000000, 1741338000000000, 1741593600000000, 1741680000000000]' AS BIGINT[])
    ) AS "market_open",
    UNNEST(
      CAST('[1741012200000000, 1741098600000000, 1741185000000000, 1741271400000000, 1741357800000000, 1741613400000000, 1741699800000000]' AS BIGINT[])
    ) AS "first_open"
), "chosen_days_of_grid_edges" AS (
  SELECT
    *,
    UNNEST(RANGE("start" // 3600000000, (
      (
        "end" - 1
      ) // 3600000000
    ) + 1)) AS "hour"
  FROM "chosen_days_of_grid"
), "chosen_candles_1d_in_bars" AS (
  SELECT
    "chosen_candles_1d_2"."feed",
    "chosen_candles_1d_2"."g",
    "chosen_candles_1d_2"."at",
    "chosen_candles_1d_2"."seq",
    "chosen_candles_1d_2"."open",
    "chosen_candles_1d_2"."high",
    "chosen_candles_1d_2"."low",
    "chosen_candles_1d_2"."close",
    "chosen_candles_1d_2"."volume",
    "chosen_candles_1d_2"."trades",
    "chosen_candles_1d_2"."vwap",
    "s"."origin" AS "bar",
    "s"."limit" AS "bar_close",
    "s"."session_date" AS "session_date"
  FROM "chosen_candles_1d_2"
  JOIN "chosen_days_of_grid_edges" AS "s"
    ON "chosen_candles_1d_2"."g" = "s"."g"
    AND (
      "chosen_candles_1d_2"."at" // 3600000000
    ) = "s"."hour"
    AND "chosen_candles_1d_2"."at" >= "s"."start"
    AND "chosen_candles_1d_2"."at" < "s"."end"
  WHERE
    "chosen_candles_1d_2"."at" < "s"."end"
), "chosen_openings" AS (
  SELECT
    CAST(0 AS BIGINT) AS "feed",
    CAST(1740873600000000 AS BIGINT) AS "from",
    CAST(1741752000000000 AS BIGINT) AS "until"
), "chosen_chosen_candles_1d" AS (
  SELECT
    "chosen_candles_1d_in_bars".*
  FROM "chosen_candles_1d_in_bars"
  JOIN "chosen_openings"
    ON "chosen_openings"."feed" = "chosen_candles_1d_in_bars"."feed"
    AND "chosen_candles_1d_in_bars"."bar" >= "chosen_openings"."from"
    AND "chosen_candles_1d_in_bars"."bar" < "chosen_openings"."until"
), "chosen_bars_from_1d" AS (
  SELECT
    "feed",
    "g",
    "bar",
    "bar_close",
    "session_date" AS "session_date",
    FIRST("open" ORDER BY "at" ASC, "seq" ASC) FILTER(WHERE
      NOT (
        "open" IS NULL
      )) AS "open",
    MAX("high") AS "high",
    MIN("low") AS "low",
    LAST("close" ORDER BY "at" ASC, "seq" ASC) FILTER(WHERE
      NOT (
        "close" IS NULL
      )) AS "close",
    FSUM("volume") AS "volume",
    CASE WHEN COUNT("trades") = COUNT(*) THEN CAST(SUM("trades") AS BIGINT) END AS "trades",
    CASE
      WHEN FSUM("volume") > CAST(0 AS DOUBLE)
      THEN CASE WHEN COUNT("vwap") = COUNT(*) THEN FSUM("vwap" * "volume") END / FSUM("volume")
    END AS "vwap"
  FROM "chosen_chosen_candles_1d"
  GROUP BY
    "feed",
    "g",
    "bar",
    "bar_close",
    "session_date"
), "chosen_bars" AS (
  SELECT
    "chosen_bars_from_1d"."feed",
    "chosen_bars_from_1d"."bar" AS "at",
    "symbols"."symbol" AS "symbol",
    "symbols"."exchange" AS "exchange",
    '1d' AS "interval",
    "chosen_bars_from_1d"."bar_close" AS "ts_close",
    "chosen_bars_from_1d"."open" AS "open",
    "chosen_bars_from_1d"."high" AS "high",
    "chosen_bars_from_1d"."low" AS "low",
    "chosen_bars_from_1d"."close" AS "close",
    "chosen_bars_from_1d"."volume" AS "volume",
    "chosen_bars_from_1d"."trades" AS "trades",
    "chosen_bars_from_1d"."vwap" AS "vwap",
    CAST('regular' AS TEXT) AS "session",
    "chosen_bars_from_1d"."session_date" AS "session_date",
    "chosen_bars_from_1d"."bar_close" <= 1742428800000000 AS "complete",
    FALSE AS "filled"
  FROM "chosen_bars_from_1d"
  JOIN "symbols"
    ON "symbols"."feed" = "chosen_bars_from_1d"."feed"
), "chosen_computed" AS (
  SELECT
    *,
    CASE
      WHEN (
        COUNT("volume") OVER (PARTITION BY "feed" ORDER BY "at" ASC ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
      ) = 2
      THEN AVG("volume") OVER (PARTITION BY "feed" ORDER BY "at" ASC ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
    END AS "w_0"
  FROM "chosen_bars"
), "chosen_computed_2" AS (
  SELECT
    *,
    LAG("w_0", 1) OVER (PARTITION BY "feed" ORDER BY "at" ASC) AS "w_1"
  FROM "chosen_computed"
), "chosen_in_range" AS (
  SELECT
    *
  FROM "chosen_computed_2"
  WHERE
    "at" >= 1741579200000000 AND "at" < 1741752000000000 AND "complete"
), "chosen_passing" AS (
  SELECT
    *
  FROM "chosen_in_range"
  WHERE
    LIST_TRANSFORM(["volume" / "w_1"], LAMBDA "_1" : CASE WHEN ISFINITE("_1") THEN "_1" END)[1] > CAST('1.0' AS DOUBLE)
), "chosen_result" AS (
  SELECT
    "feed",
    "at",
    "symbol" AS "symbol",
    "exchange" AS "exchange",
    "session_date" AS "session_date",
    "at" AS "start",
    "ts_close" AS "end",
    LIST_TRANSFORM(["volume" / "w_1"], LAMBDA "_2" : CASE WHEN ISFINITE("_2") THEN "_2" END)[1] AS "rvol_2"
  FROM "chosen_passing"
), "chosen_days" AS (
  SELECT DISTINCT
    "exchange",
    "symbol",
    "session_date"
  FROM "chosen_result"
), "on_days" AS (
  SELECT
    *
  FROM "in_range"
  WHERE
    ("exchange", "symbol", "session_date") IN (
      SELECT
        *
      FROM "chosen_days"
    )
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
  FROM "on_days"
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
