-- DAYS FROM nyse:DDD DURING 2025-03-10 .. 2025-03-11 WHERE rvol(2) > 1 |> CANDLES 1d
WITH "symbols" AS (
  SELECT
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST('nyse' AS TEXT) AS "exchange",
    CAST('DDD' AS TEXT) AS "symbol"
), "grid" AS (
  SELECT
    UNNEST(CAST('{1, 2}' AS BIGINT[])) AS "i",
    CAST(0 AS BIGINT) AS "g",
    UNNEST(CAST('{1741613400000000, 1741699800000000}' AS BIGINT[])) AS "start",
    UNNEST(CAST('{1741636800000000, 1741723200000000}' AS BIGINT[])) AS "end",
    UNNEST(CAST('{1741613400000000, 1741699800000000}' AS BIGINT[])) AS "origin",
    CAST(0 AS BIGINT) AS "step",
    UNNEST(CAST('{1741636800000000, 1741723200000000}' AS BIGINT[])) AS "limit",
    UNNEST(CAST('{20157, 20158}' AS BIGINT[])) AS "session_date",
    UNNEST(CAST('{1741593600000000, 1741680000000000}' AS BIGINT[])) AS "market_open",
    UNNEST(CAST('{1741613400000000, 1741699800000000}' AS BIGINT[])) AS "first_open"
), "grid_edges" AS (
  SELECT
    "g",
    ARRAY_AGG("start" ORDER BY "i") AS "starts"
  FROM "grid"
  GROUP BY
    "g"
), "candles_1d" AS (
  SELECT
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST(ROUND(DATE_PART('epoch', "ts") * 1000000) AS BIGINT) AS "at",
    "seq",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "trades",
    "vwap"
  FROM "ohlcv"
  WHERE
    "venue" = 'nyse'
    AND "symbol" = 'DDD'
    AND "interval" = '1d'
    AND "ts" >= CAST('2025-02-06 04:00:00+00' AS TIMESTAMPTZ)
    AND "ts" < CAST('2025-04-13 04:00:00+00' AS TIMESTAMPTZ)
  OFFSET 0
), "days_of_grid" AS (
  SELECT
    UNNEST(CAST('{1, 2}' AS BIGINT[])) AS "i",
    CAST(0 AS BIGINT) AS "g",
    UNNEST(CAST('{1741536000000000, 1741622400000000}' AS BIGINT[])) AS "start",
    UNNEST(CAST('{1741622400000000, 1741708800000000}' AS BIGINT[])) AS "end",
    UNNEST(CAST('{1741613400000000, 1741699800000000}' AS BIGINT[])) AS "origin",
    CAST(0 AS BIGINT) AS "step",
    UNNEST(CAST('{1741636800000000, 1741723200000000}' AS BIGINT[])) AS "limit",
    UNNEST(CAST('{20157, 20158}' AS BIGINT[])) AS "session_date",
    UNNEST(CAST('{1741593600000000, 1741680000000000}' AS BIGINT[])) AS "market_open",
    UNNEST(CAST('{1741613400000000, 1741699800000000}' AS BIGINT[])) AS "first_open"
), "days_of_grid_edges" AS (
  SELECT
    "g",
    ARRAY_AGG("start" ORDER BY "i") AS "starts"
  FROM "days_of_grid"
  GROUP BY
    "g"
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
  JOIN "days_of_grid" AS "s"
    ON "s"."g" = "candles_1d"."g"
    AND "s"."i" = WIDTH_BUCKET(
      "candles_1d"."at",
      (
        SELECT
          "starts"
        FROM "days_of_grid_edges"
        WHERE
          "g" = 0
      )
    )
  WHERE
    "candles_1d"."at" < "s"."end"
  OFFSET 0
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
    (
      ARRAY_AGG("open" ORDER BY "at" ASC, "seq" ASC) FILTER(WHERE
        NOT (
          "open" IS NULL
        ))
    )[1] AS "open",
    MAX("high") AS "high",
    MIN("low") AS "low",
    (
      ARRAY_AGG("close" ORDER BY "at" ASC, "seq" ASC) FILTER(WHERE
        NOT (
          "close" IS NULL
        ))
    )[CAST(COUNT(*) FILTER(WHERE
      NOT (
        "close" IS NULL
      )) AS INT)] AS "close",
    SUM("volume") AS "volume",
    CASE WHEN COUNT("trades") = COUNT(*) THEN CAST(SUM("trades") AS BIGINT) END AS "trades",
    CASE
      WHEN SUM("volume") > CAST(0 AS DOUBLE PRECISION)
      THEN CASE WHEN COUNT("vwap") = COUNT(*) THEN SUM("vwap" * "volume") END / SUM("volume")
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
    CAST('1d' AS TEXT) AS "interval",
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
    UNNEST(CAST('{1, 2, 3, 4, 5, 6, 7}' AS BIGINT[])) AS "i",
    CAST(0 AS BIGINT) AS "g",
    UNNEST(
      CAST('{1741012200000000, 1741098600000000, 1741185000000000, 1741271400000000, 1741357800000000, 1741613400000000, 1741699800000000}' AS BIGINT[])
    ) AS "start",
    UNNEST(
      CAST('{1741035600000000, 1741122000000000, 1741208400000000, 1741294800000000, 1741381200000000, 1741636800000000, 1741723200000000}' AS BIGINT[])
    ) AS "end",
    UNNEST(
      CAST('{1741012200000000, 1741098600000000, 1741185000000000, 1741271400000000, 1741357800000000, 1741613400000000, 1741699800000000}' AS BIGINT[])
    ) AS "origin",
    CAST(0 AS BIGINT) AS "step",
    UNNEST(
      CAST('{1741035600000000, 1741122000000000, 1741208400000000, 1741294800000000, 1741381200000000, 1741636800000000, 1741723200000000}' AS BIGINT[])
    ) AS "limit",
    UNNEST(CAST('{20150, 20151, 20152, 20153, 20154, 20157, 20158}' AS BIGINT[])) AS "session_date",
    UNNEST(
      CAST('{1740992400000000, 1741078800000000, 1741165200000000, 1741251600000000, 1741338000000000, 1741593600000000, 1741680000000000}' AS BIGINT[])
    ) AS "market_open",
    UNNEST(
      CAST('{1741012200000000, 1741098600000000, 1741185000000000, 1741271400000000, 1741357800000000, 1741613400000000, 1741699800000000}' AS BIGINT[])
    ) AS "first_open"
), "chosen_grid_edges" AS (
  SELECT
    "g",
    ARRAY_AGG("start" ORDER BY "i") AS "starts"
  FROM "chosen_grid"
  GROUP BY
    "g"
), "chosen_candles_1d_2" AS (
  SELECT
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST(ROUND(DATE_PART('epoch', "ts") * 1000000) AS BIGINT) AS "at",
    "seq",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "trades",
    "vwap"
  FROM "ohlcv"
  WHERE
    "venue" = 'nyse'
    AND "symbol" = 'DDD'
    AND "interval" = '1d'
    AND "ts" >= CAST('2025-01-29 00:00:00+00' AS TIMESTAMPTZ)
    AND "ts" < CAST('2025-04-13 04:00:00+00' AS TIMESTAMPTZ)
  OFFSET 0
), "chosen_days_of_grid" AS (
  SELECT
    UNNEST(CAST('{1, 2, 3, 4, 5, 6, 7}' AS BIGINT[])) AS "i",
    CAST(0 AS BIGINT) AS "g",
    UNNEST(
      CAST('{1740934800000000, 1741021200000000, 1741107600000000, 1741194000000000, 1741280400000000, 1741536000000000, 1741622400000000}' AS BIGINT[])
    ) AS "start",
    UNNEST(
      CAST('{1741021200000000, 1741107600000000, 1741194000000000, 1741280400000000, 1741366800000000, 1741622400000000, 1741708800000000}' AS BIGINT[])
    ) AS "end",
    UNNEST(
      CAST('{1741012200000000, 1741098600000000, 1741185000000000, 1741271400000000, 1741357800000000, 1741613400000000, 1741699800000000}' AS BIGINT[])
    ) AS "origin",
    CAST(0 AS BIGINT) AS "step",
    UNNEST(
      CAST('{1741035600000000, 1741122000000000, 1741208400000000, 1741294800000000, 1741381200000000, 1741636800000000, 1741723200000000}' AS BIGINT[])
    ) AS "limit",
    UNNEST(CAST('{20150, 20151, 20152, 20153, 20154, 20157, 20158}' AS BIGINT[])) AS "session_date",
    UNNEST(
      CAST('{1740992400000000, 1741078800000000, 1741165200000000, 1741251600000000, 1741338000000000, 1741593600000000, 1741680000000000}' AS BIGINT[])
    ) AS "market_open",
    UNNEST(
      CAST('{1741012200000000, 1741098600000000, 1741185000000000, 1741271400000000, 1741357800000000, 1741613400000000, 1741699800000000}' AS BIGINT[])
    ) AS "first_open"
), "chosen_days_of_grid_edges" AS (
  SELECT
    "g",
    ARRAY_AGG("start" ORDER BY "i") AS "starts"
  FROM "chosen_days_of_grid"
  GROUP BY
    "g"
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
  JOIN "chosen_days_of_grid" AS "s"
    ON "s"."g" = "chosen_candles_1d_2"."g"
    AND "s"."i" = WIDTH_BUCKET(
      "chosen_candles_1d_2"."at",
      (
        SELECT
          "starts"
        FROM "chosen_days_of_grid_edges"
        WHERE
          "g" = 0
      )
    )
  WHERE
    "chosen_candles_1d_2"."at" < "s"."end"
  OFFSET 0
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
    (
      ARRAY_AGG("open" ORDER BY "at" ASC, "seq" ASC) FILTER(WHERE
        NOT (
          "open" IS NULL
        ))
    )[1] AS "open",
    MAX("high") AS "high",
    MIN("low") AS "low",
    (
      ARRAY_AGG("close" ORDER BY "at" ASC, "seq" ASC) FILTER(WHERE
        NOT (
          "close" IS NULL
        ))
    )[CAST(COUNT(*) FILTER(WHERE
      NOT (
        "close" IS NULL
      )) AS INT)] AS "close",
    SUM("volume") AS "volume",
    CASE WHEN COUNT("trades") = COUNT(*) THEN CAST(SUM("trades") AS BIGINT) END AS "trades",
    CASE
      WHEN SUM("volume") > CAST(0 AS DOUBLE PRECISION)
      THEN CASE WHEN COUNT("vwap") = COUNT(*) THEN SUM("vwap" * "volume") END / SUM("volume")
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
    CAST('1d' AS TEXT) AS "interval",
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
    CASE
      WHEN ABS("volume") BETWEEN CAST('1e-150' AS DOUBLE PRECISION) AND CAST('1e+150' AS DOUBLE PRECISION)
      AND ABS("w_1") BETWEEN CAST('1e-150' AS DOUBLE PRECISION) AND CAST('1e+150' AS DOUBLE PRECISION)
      THEN "volume" / "w_1"
      WHEN "volume" = CAST('0.0' AS DOUBLE PRECISION)
      THEN CASE
        WHEN "w_1" <> CAST('0.0' AS DOUBLE PRECISION)
        THEN CAST('0.0' AS DOUBLE PRECISION)
      END
      WHEN "w_1" = CAST('0.0' AS DOUBLE PRECISION)
      THEN CAST(NULL AS DOUBLE PRECISION)
      WHEN (
        LN(ABS("volume")) - LN(ABS("w_1"))
      ) < CAST('-745.0' AS DOUBLE PRECISION)
      THEN CAST('0.0' AS DOUBLE PRECISION)
      WHEN (
        LN(ABS("volume")) - LN(ABS("w_1"))
      ) < CAST('709.782712893384' AS DOUBLE PRECISION)
      THEN "volume" / "w_1"
    END > CAST('1.0' AS DOUBLE PRECISION)
), "chosen_result" AS (
  SELECT
    "feed",
    "at",
    "symbol" AS "symbol",
    "exchange" AS "exchange",
    "session_date" AS "session_date",
    "at" AS "start",
    "ts_close" AS "end",
    CASE
      WHEN ABS("volume") BETWEEN CAST('1e-150' AS DOUBLE PRECISION) AND CAST('1e+150' AS DOUBLE PRECISION)
      AND ABS("w_1") BETWEEN CAST('1e-150' AS DOUBLE PRECISION) AND CAST('1e+150' AS DOUBLE PRECISION)
      THEN "volume" / "w_1"
      WHEN "volume" = CAST('0.0' AS DOUBLE PRECISION)
      THEN CASE
        WHEN "w_1" <> CAST('0.0' AS DOUBLE PRECISION)
        THEN CAST('0.0' AS DOUBLE PRECISION)
      END
      WHEN "w_1" = CAST('0.0' AS DOUBLE PRECISION)
      THEN CAST(NULL AS DOUBLE PRECISION)
      WHEN (
        LN(ABS("volume")) - LN(ABS("w_1"))
      ) < CAST('-745.0' AS DOUBLE PRECISION)
      THEN CAST('0.0' AS DOUBLE PRECISION)
      WHEN (
        LN(ABS("volume")) - LN(ABS("w_1"))
      ) < CAST('709.782712893384' AS DOUBLE PRECISION)
      THEN "volume" / "w_1"
    END AS "rvol_2"
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
  CAST('1970-01-01 00:00:00+00' AS TIMESTAMPTZ) + (
    "ts" * CAST('1 microsecond' AS INTERVAL)
  ) AS "ts",
  CAST('1970-01-01 00:00:00+00' AS TIMESTAMPTZ) + (
    "ts_close" * CAST('1 microsecond' AS INTERVAL)
  ) AS "ts_close",
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
