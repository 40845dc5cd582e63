-- CANDLES 2h FROM binance:BTCUSDT DURING 2025-03-10 FILL previous MAX 3 ADD rsi(2)
WITH "symbols" AS (
  SELECT
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST('binance' AS TEXT) AS "exchange",
    CAST('BTCUSDT' AS TEXT) AS "symbol"
), "grid" AS (
  SELECT
    UNNEST(CAST('{1, 2, 3, 4}' AS BIGINT[])) AS "i",
    CAST(0 AS BIGINT) AS "g",
    UNNEST(
      CAST('{1741392000000000, 1741478400000000, 1741564800000000, 1741651200000000}' AS BIGINT[])
    ) AS "start",
    UNNEST(
      CAST('{1741478400000000, 1741564800000000, 1741651200000000, 1741737600000000}' AS BIGINT[])
    ) AS "end",
    UNNEST(
      CAST('{1741392000000000, 1741478400000000, 1741564800000000, 1741651200000000}' AS BIGINT[])
    ) AS "origin",
    CAST(7200000000 AS BIGINT) AS "step",
    UNNEST(
      CAST('{1741478400000000, 1741564800000000, 1741651200000000, 1741737600000000}' AS BIGINT[])
    ) AS "limit",
    UNNEST(CAST('{20155, 20156, 20157, 20158}' AS BIGINT[])) AS "session_date",
    CAST(-4611686018427387904 AS BIGINT) AS "market_open",
    UNNEST(
      CAST('{1741392000000000, 1741478400000000, 1741564800000000, 1741651200000000}' AS BIGINT[])
    ) AS "first_open"
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
    "quantity"
  FROM "ticks"
  WHERE
    "venue" = 'binance'
    AND "symbol" = 'BTCUSDT'
    AND "ts" >= CAST('2025-03-08 10:00:00+00' AS TIMESTAMPTZ)
    AND "ts" < CAST('2025-03-11 02:00:00+00' AS TIMESTAMPTZ)
  OFFSET 0
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
        ) / 7200000000
      ) * 7200000000
    ) AS "bar",
    LEAST(
      (
        "s"."origin" + (
          (
            (
              "trades"."at" - "s"."origin"
            ) / 7200000000
          ) * 7200000000
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
    CAST(1741428000000000 AS BIGINT) AS "from",
    CAST(1741658400000000 AS BIGINT) AS "until"
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
    (
      ARRAY_AGG("price" ORDER BY "at" ASC, "seq" ASC)
    )[1] AS "open",
    MAX("price") AS "high",
    MIN("price") AS "low",
    (
      ARRAY_AGG("price" ORDER BY "at" ASC, "seq" ASC)
    )[CAST(COUNT(*) AS INT)] AS "close",
    COALESCE(SUM("quantity"), CAST(0 AS DOUBLE PRECISION)) AS "volume",
    COUNT(*) AS "trades",
    CASE
      WHEN COALESCE(SUM("quantity"), CAST(0 AS DOUBLE PRECISION)) > CAST(0 AS DOUBLE PRECISION)
      THEN SUM("price" * "quantity") / COALESCE(SUM("quantity"), CAST(0 AS DOUBLE PRECISION))
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
    CAST('2h' AS TEXT) AS "interval",
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
)
SELECT
  "symbol",
  "exchange",
  "interval",
  CAST('1970-01-01 00:00:00+00' AS TIMESTAMPTZ) + (
    "at" * CAST('1 microsecond' AS INTERVAL)
  ) AS "at",
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
  "filled",
  "feed"
FROM "bars"
ORDER BY
  "feed" ASC,
  "at" ASC
