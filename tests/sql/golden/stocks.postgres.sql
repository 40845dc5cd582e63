-- CANDLES 1h FROM nyse:AAA DURING 2025-03-10 SESSION regular WHERE close > sma(2)
WITH "symbols" AS (
  SELECT
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST('nyse' AS TEXT) AS "exchange",
    CAST('AAA' AS TEXT) AS "symbol"
), "grid" AS (
  SELECT
    CAST(1 AS BIGINT) AS "i",
    CAST(0 AS BIGINT) AS "g",
    CAST(1741613400000000 AS BIGINT) AS "start",
    CAST(1741636800000000 AS BIGINT) AS "end",
    CAST(1741613400000000 AS BIGINT) AS "origin",
    CAST(3600000000 AS BIGINT) AS "step",
    CAST(1741636800000000 AS BIGINT) AS "limit",
    CAST(20157 AS BIGINT) AS "session_date",
    CAST(1741593600000000 AS BIGINT) AS "market_open",
    CAST(1741613400000000 AS BIGINT) AS "first_open"
), "grid_edges" AS (
  SELECT
    "g",
    ARRAY_AGG("start" ORDER BY "i") AS "starts"
  FROM "grid"
  GROUP BY
    "g"
), "trades" AS (
  SELECT
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST(ROUND(DATE_PART('epoch', "ts") * 1000000) AS BIGINT) AS "at",
    "seq",
    "price",
    "quantity",
    "conditions"
  FROM "ticks"
  WHERE
    "venue" = 'nyse'
    AND "symbol" = 'AAA'
    AND "ts" >= CAST('2025-03-08 12:00:00+00' AS TIMESTAMPTZ)
    AND "ts" < CAST('2025-03-10 20:00:01.000001+00' AS TIMESTAMPTZ)
  OFFSET 0
), "trades_in_bars" AS (
  SELECT
    "trades"."feed",
    "trades"."g",
    "trades"."at",
    "trades"."seq",
    "trades"."price",
    "trades"."quantity",
    "trades"."conditions",
    "s"."origin" + (
      (
        (
          "trades"."at" - "s"."origin"
        ) / 3600000000
      ) * 3600000000
    ) AS "bar",
    LEAST(
      (
        "s"."origin" + (
          (
            (
              "trades"."at" - "s"."origin"
            ) / 3600000000
          ) * 3600000000
        )
      ) + "s"."step",
      "s"."limit"
    ) AS "bar_close",
    "s"."session_date" AS "session_date"
  FROM "trades"
  JOIN "grid" AS "s"
    ON "s"."g" = "trades"."g"
    AND "s"."i" = WIDTH_BUCKET("trades"."at", (
      SELECT
        "starts"
      FROM "grid_edges"
      WHERE
        "g" = 0
    ))
  WHERE
    "trades"."at" < "s"."end"
  OFFSET 0
), "openings" AS (
  SELECT
    CAST(0 AS BIGINT) AS "feed",
    CAST(1741435200000000 AS BIGINT) AS "from",
    CAST(1741636801000001 AS BIGINT) AS "until"
), "chosen_trades" AS (
  SELECT
    "trades_in_bars".*
  FROM "trades_in_bars"
  JOIN "openings"
    ON "openings"."feed" = "trades_in_bars"."feed"
    AND "trades_in_bars"."bar" >= "openings"."from"
    AND "trades_in_bars"."bar" < "openings"."until"
), "sale_conditions" AS (
  SELECT
    CAST(0 AS BIGINT) AS "feed",
    CAST('MQ9' AS TEXT) AS "no_volume",
    CAST('MQ9CHINRUVW7B' AS TEXT) AS "no_high_low",
    CAST('MQ9CHINRUVW7GLPZ4B' AS TEXT) AS "no_open_close"
), "counted_trades" AS (
  SELECT
    "chosen_trades".*,
    "chosen_trades"."conditions" IS NULL
    OR TRANSLATE("chosen_trades"."conditions", "sale_conditions"."no_volume", '') = "chosen_trades"."conditions" AS "for_volume",
    "chosen_trades"."conditions" IS NULL
    OR TRANSLATE("chosen_trades"."conditions", "sale_conditions"."no_high_low", '') = "chosen_trades"."conditions" AS "for_high_low",
    "chosen_trades"."conditions" IS NULL
    OR TRANSLATE("chosen_trades"."conditions", "sale_conditions"."no_open_close", '') = "chosen_trades"."conditions" AS "for_open_close"
  FROM "chosen_trades"
  JOIN "sale_conditions"
    ON "sale_conditions"."feed" = "chosen_trades"."feed"
  WHERE
    "chosen_trades"."conditions" IS NULL
    OR TRANSLATE("chosen_trades"."conditions", "sale_conditions"."no_volume", '') = "chosen_trades"."conditions"
    OR "chosen_trades"."conditions" IS NULL
    OR TRANSLATE("chosen_trades"."conditions", "sale_conditions"."no_high_low", '') = "chosen_trades"."conditions"
    OR "chosen_trades"."conditions" IS NULL
    OR TRANSLATE("chosen_trades"."conditions", "sale_conditions"."no_open_close", '') = "chosen_trades"."conditions"
), "bars_from_trades" AS (
  SELECT
    "feed",
    "g",
    "bar",
    "bar_close",
    "session_date" AS "session_date",
    (
      ARRAY_AGG("price" ORDER BY "at" ASC, "seq" ASC) FILTER(WHERE
        "for_open_close")
    )[1] AS "open",
    MAX("price") FILTER(WHERE
      "for_high_low") AS "high",
    MIN("price") FILTER(WHERE
      "for_high_low") AS "low",
    (
      ARRAY_AGG("price" ORDER BY "at" ASC, "seq" ASC) FILTER(WHERE
        "for_open_close")
    )[CAST(COUNT(*) FILTER(WHERE
      "for_open_close") AS INT)] AS "close",
    COALESCE(SUM("quantity") FILTER(WHERE
      "for_volume"), CAST(0 AS DOUBLE PRECISION)) AS "volume",
    COUNT(*) FILTER(WHERE
      "for_volume") AS "trades",
    CASE
      WHEN COALESCE(SUM("quantity") FILTER(WHERE
        "for_volume"), CAST(0 AS DOUBLE PRECISION)) > CAST(0 AS DOUBLE PRECISION)
      THEN (
        SUM("price" * "quantity") FILTER(WHERE
          "for_volume")
      ) / COALESCE(SUM("quantity") FILTER(WHERE
        "for_volume"), CAST(0 AS DOUBLE PRECISION))
    END AS "vwap"
  FROM "counted_trades"
  GROUP BY
    "feed",
    "g",
    "bar",
    "bar_close",
    "session_date"
), "sessions" AS (
  SELECT
    UNNEST(CAST('{1, 2, 3, 4, 5, 6, 7, 8, 9}' AS BIGINT[])) AS "i",
    CAST(0 AS BIGINT) AS "g",
    UNNEST(
      CAST('{1741251600000000, 1741271400000000, 1741294800000000, 1741338000000000, 1741357800000000, 1741381200000000, 1741593600000000, 1741613400000000, 1741636800000000}' AS BIGINT[])
    ) AS "start",
    UNNEST(
      CAST('{1741271400000000, 1741294800000000, 1741309200000000, 1741357800000000, 1741381200000000, 1741395600000000, 1741613400000000, 1741636800000000, 1741651200000000}' AS BIGINT[])
    ) AS "end",
    UNNEST(
      CAST(ARRAY[
        'premarket',
        'regular',
        'aftermarket',
        'premarket',
        'regular',
        'aftermarket',
        'premarket',
        'regular',
        'aftermarket'
      ] AS TEXT[])
    ) AS "name"
), "sessions_edges" AS (
  SELECT
    "g",
    ARRAY_AGG("start" ORDER BY "i") AS "starts"
  FROM "sessions"
  GROUP BY
    "g"
), "bars" AS (
  SELECT
    "bars_from_trades"."feed",
    "bars_from_trades"."bar" AS "at",
    "symbols"."symbol" AS "symbol",
    "symbols"."exchange" AS "exchange",
    CAST('1h' AS TEXT) AS "interval",
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
    "bars_from_trades"."bar_close" <= 1742428800000000 AS "complete",
    FALSE AS "filled"
  FROM "bars_from_trades"
  JOIN "symbols"
    ON "symbols"."feed" = "bars_from_trades"."feed"
  LEFT JOIN "sessions" AS "span"
    ON "span"."g" = "symbols"."g"
    AND "span"."i" = WIDTH_BUCKET(
      "bars_from_trades"."bar",
      (
        SELECT
          "starts"
        FROM "sessions_edges"
        WHERE
          "g" = 0
      )
    )
), "computed" AS (
  SELECT
    *,
    CASE
      WHEN (
        COUNT("close") OVER (PARTITION BY "feed" ORDER BY "at" ASC ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
      ) = 2
      THEN AVG("close") OVER (PARTITION BY "feed" ORDER BY "at" ASC ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
    END AS "w_0"
  FROM "bars"
), "in_range" AS (
  SELECT
    *
  FROM "computed"
  WHERE
    "at" >= 1741579200000000 AND "at" < 1741665600000000 AND "complete"
), "passing" AS (
  SELECT
    *
  FROM "in_range"
  WHERE
    "close" > "w_0"
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
