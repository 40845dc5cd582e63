-- CANDLES 1h FROM binance:BTCUSDT DURING 2025-03-10 WHERE premarket AND spread_pct < 0.05 AND close > sma(20)
WITH "symbols" AS (
  SELECT
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST('binance' AS TEXT) AS "exchange",
    CAST('BTCUSDT' AS TEXT) AS "symbol"
), "grid" AS (
  SELECT
    UNNEST(CAST('{1, 2, 3}' AS BIGINT[])) AS "i",
    CAST(0 AS BIGINT) AS "g",
    UNNEST(CAST('{1741392000000000, 1741478400000000, 1741564800000000}' AS BIGINT[])) AS "start",
    UNNEST(CAST('{1741478400000000, 1741564800000000, 1741651200000000}' AS BIGINT[])) AS "end",
    UNNEST(CAST('{1741392000000000, 1741478400000000, 1741564800000000}' AS BIGINT[])) AS "origin",
    CAST(3600000000 AS BIGINT) AS "step",
    UNNEST(CAST('{1741478400000000, 1741564800000000, 1741651200000000}' AS BIGINT[])) AS "limit",
    UNNEST(CAST('{20155, 20156, 20157}' AS BIGINT[])) AS "session_date",
    CAST(-4611686018427387904 AS BIGINT) AS "market_open",
    UNNEST(CAST('{1741392000000000, 1741478400000000, 1741564800000000}' AS BIGINT[])) AS "first_open"
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
    AND "ts" < CAST('2025-03-11 00:00:00+00' AS TIMESTAMPTZ)
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
    CAST(1741428000000000 AS BIGINT) AS "from",
    CAST(1741651200000000 AS BIGINT) AS "until"
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
), "standing_quotes" AS (
  SELECT
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST(ROUND(DATE_PART('epoch', "ts") * 1000000) AS BIGINT) AS "at",
    "seq",
    "bid",
    "ask"
  FROM "quotes"
  WHERE
    "venue" = 'binance'
    AND "symbol" = 'BTCUSDT'
    AND "ts" >= CAST('2025-03-08 10:00:00+00' AS TIMESTAMPTZ)
    AND "ts" < CAST('2025-03-11 00:00:00+00' AS TIMESTAMPTZ)
  OFFSET 0
), "pieces" AS (
  SELECT
    "bars"."feed",
    "bars"."at" AS "at",
    "bars"."at" AS "bar",
    LEAST("bars"."ts_close", "s"."end") AS "until",
    "s"."market_open" AS "opened"
  FROM "bars"
  JOIN "symbols"
    ON "symbols"."feed" = "bars"."feed"
  JOIN "grid" AS "s"
    ON "s"."g" = "symbols"."g"
    AND "s"."i" = WIDTH_BUCKET("bars"."at", (
      SELECT
        "starts"
      FROM "grid_edges"
      WHERE
        "g" = 0
    ))
  WHERE
    "bars"."at" < "s"."end"
    AND (
      "s"."origin" + (
        (
          (
            "bars"."at" - "s"."origin"
          ) / 3600000000
        ) * 3600000000
      )
    ) = "bars"."at"
    AND "s"."market_open" < 4611686018427387904
), "events" AS (
  SELECT
    "feed",
    "at",
    "seq",
    1 AS "kind",
    "at" AS "since",
    "bid",
    "ask",
    CAST(NULL AS BIGINT) AS "bar",
    CAST(NULL AS BIGINT) AS "until",
    CAST(NULL AS BIGINT) AS "opened"
  FROM "standing_quotes"
  UNION ALL
  SELECT
    "feed",
    "at",
    CAST(0 AS BIGINT) AS "seq",
    0 AS "kind",
    CAST(NULL AS BIGINT) AS "since",
    CAST(NULL AS DOUBLE PRECISION) AS "bid",
    CAST(NULL AS DOUBLE PRECISION) AS "ask",
    "bar",
    "until",
    "opened"
  FROM "pieces"
), "numbered_events" AS (
  SELECT
    *,
    COUNT("since") OVER (
      PARTITION BY "feed"
      ORDER BY "at" ASC, "kind" ASC, "seq" ASC
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS "quote_number",
    COUNT("bar") OVER (
      PARTITION BY "feed"
      ORDER BY "at" ASC, "kind" ASC, "seq" ASC
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS "piece_number",
    LEAD("at") OVER (PARTITION BY "feed" ORDER BY "at" ASC, "kind" ASC, "seq" ASC) AS "next"
  FROM "events"
), "standing_events" AS (
  SELECT
    "feed",
    "at",
    "next",
    MAX("since") OVER (PARTITION BY "feed", "quote_number") AS "since",
    MAX("bid") OVER (PARTITION BY "feed", "quote_number") AS "bid",
    MAX("ask") OVER (PARTITION BY "feed", "quote_number") AS "ask",
    MAX("bar") OVER (PARTITION BY "feed", "piece_number") AS "bar",
    MAX("until") OVER (PARTITION BY "feed", "piece_number") AS "until",
    MAX("opened") OVER (PARTITION BY "feed", "piece_number") AS "opened"
  FROM "numbered_events"
), "lives" AS (
  SELECT
    "feed",
    "bar",
    "bid",
    "ask",
    CAST(LEAST(COALESCE("next", "until"), "until") - "at" AS DOUBLE PRECISION) AS "us"
  FROM "standing_events"
  WHERE
    "at" < LEAST(COALESCE("next", "until"), "until")
    AND "since" >= "opened"
    AND "bid" > CAST('0.0' AS DOUBLE PRECISION)
    AND "bid" <= "ask"
), "quote_means" AS (
  SELECT
    "feed",
    "bar",
    SUM(
      (
        (
          CAST('100.0' AS DOUBLE PRECISION) * (
            "ask" - "bid"
          )
        ) / (
          (
            "bid" + "ask"
          ) / CAST('2.0' AS DOUBLE PRECISION)
        )
      ) * "us"
    ) / SUM("us") AS "spread_pct"
  FROM "lives"
  GROUP BY
    "feed",
    "bar"
), "measured" AS (
  SELECT
    "bars".*,
    "quote_means"."spread_pct" AS "spread_pct"
  FROM "bars"
  LEFT JOIN "quote_means"
    ON "quote_means"."feed" = "bars"."feed" AND "quote_means"."bar" = "bars"."at"
), "flagged" AS (
  SELECT
    *,
    COALESCE("session" = 'premarket', FALSE) AS "in_premarket"
  FROM "measured"
), "computed" AS (
  SELECT
    *,
    CASE
      WHEN (
        COUNT("close") OVER (PARTITION BY "feed" ORDER BY "at" ASC ROWS BETWEEN 19 PRECEDING AND CURRENT ROW)
      ) = 20
      THEN AVG("close") OVER (PARTITION BY "feed" ORDER BY "at" ASC ROWS BETWEEN 19 PRECEDING AND CURRENT ROW)
    END AS "w_0"
  FROM "flagged"
), "in_range" AS (
  SELECT
    *
  FROM "computed"
  WHERE
    "at" >= 1741564800000000 AND "at" < 1741651200000000 AND "complete"
), "passing" AS (
  SELECT
    *
  FROM "in_range"
  WHERE
    "in_premarket"
    AND "spread_pct" < CAST('0.05' AS DOUBLE PRECISION)
    AND "close" > "w_0"
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
    "filled" AS "filled",
    "spread_pct" AS "spread_pct"
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
  "filled",
  "spread_pct"
FROM "result"
ORDER BY
  "feed" ASC,
  "at" ASC
