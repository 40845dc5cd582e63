WITH "symbols" AS (
  SELECT
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST('binance' AS TEXT) AS "exchange",
    CAST('BTCUSDT' AS TEXT) AS "symbol"
), "grid" AS (
  SELECT
    UNNEST(
      CAST('[… 37 items]' AS BIGINT[])
    ) AS "i",
    CAST(0 AS BIGINT) AS "g",
    UNNEST(
      CAST('[… 37 items]' AS BIGINT[])
    ) AS "start",
    UNNEST(
      CAST('[… 37 items]' AS BIGINT[])
    ) AS "end",
    UNNEST(
      CAST('[… 37 items]' AS BIGINT[])
    ) AS "origin",
    CAST(3600000000 AS BIGINT) AS "step",
    UNNEST(
      CAST('[… 37 items]' AS BIGINT[])
    ) AS "limit",
    UNNEST(
      CAST('[… 37 items]' AS BIGINT[])
    ) AS "session_date",
    CAST(-4611686018427387904 AS BIGINT) AS "market_open",
    UNNEST(
      CAST('[… 37 items]' AS BIGINT[])
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
      CAST([… 35 items] AS TEXT[])
    ) AS "path",
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST(1738800000000000 AS BIGINT) AS "start",
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
    [… 35 items],
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
        ) // 3600000000
      ) * 3600000000
    ) AS "bar",
    LEAST(
      (
        "s"."origin" + (
          (
            (
              "trades"."at" - "s"."origin"
            ) // 3600000000
          ) * 3600000000
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
    CAST(1738800000000000 AS BIGINT) AS "from",
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
      CAST('[… 85 items]' AS BIGINT[])
    ) AS "i",
    CAST(0 AS BIGINT) AS "g",
    UNNEST(
      CAST('[… 85 items]' AS BIGINT[])
    ) AS "start",
    UNNEST(
      CAST('[… 85 items]' AS BIGINT[])
    ) AS "end",
    UNNEST(
      CAST([… 85 items] AS TEXT[])
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
    '1h' AS "interval",
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
), "quotes_files" AS (
  SELECT
    UNNEST(
      CAST([… 35 items] AS TEXT[])
    ) AS "path",
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST(1738800000000000 AS BIGINT) AS "start",
    CAST(1741996800000000 AS BIGINT) AS "end"
), "standing_quotes" AS (
  SELECT
    "quotes_files"."feed",
    "quotes_files"."g",
    EPOCH_US("t"."ts") AS "at",
    "t"."seq",
    "t"."bid",
    "t"."ask"
  FROM READ_PARQUET(
    [… 35 items],
    filename := TRUE,
    hive_partitioning := FALSE
  ) AS "t"
  JOIN "quotes_files"
    ON "t"."filename" = "quotes_files"."path"
  WHERE
    "t"."ts" >= MAKE_TIMESTAMPTZ("quotes_files"."start")
    AND "t"."ts" < MAKE_TIMESTAMPTZ("quotes_files"."end")
), "pieces" AS (
  SELECT
    "bars"."feed",
    "bars"."at" AS "at",
    "bars"."at" AS "bar",
    LEAST("bars"."ts_close", "s"."end", 1741996800000000) AS "until",
    "s"."market_open" AS "opened"
  FROM "bars"
  JOIN "symbols"
    ON "symbols"."feed" = "bars"."feed"
  JOIN "grid_edges" AS "s"
    ON "symbols"."g" = "s"."g"
    AND (
      "bars"."at" // 3600000000
    ) = "s"."hour"
    AND "bars"."at" >= "s"."start"
    AND "bars"."at" < "s"."end"
  WHERE
    "bars"."at" < "s"."end"
    AND (
      "s"."origin" + (
        (
          (
            "bars"."at" - "s"."origin"
          ) // 3600000000
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
    CAST(NULL AS DOUBLE) AS "bid",
    CAST(NULL AS DOUBLE) AS "ask",
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
    CAST(LEAST(COALESCE("next", "until"), "until") - "at" AS DOUBLE) AS "us"
  FROM "standing_events"
  WHERE
    "at" < LEAST(COALESCE("next", "until"), "until")
    AND "since" >= "opened"
    AND "bid" <> CAST('0.0' AS DOUBLE)
    AND "ask" <> CAST('0.0' AS DOUBLE)
    AND "bid" <= "ask"
), "quote_means" AS (
  SELECT
    "feed",
    "bar",
    CASE
      WHEN (
        FSUM("us") FILTER(WHERE
          (
            "bid" + "ask"
          ) > CAST('0.0' AS DOUBLE))
      ) > CAST('0.0' AS DOUBLE)
      THEN (
        FSUM(
          (
            (
              CAST('100.0' AS DOUBLE) * (
                "ask" - "bid"
              )
            ) / (
              (
                "bid" + "ask"
              ) / CAST('2.0' AS DOUBLE)
            )
          ) * "us"
        ) FILTER(WHERE
          (
            "bid" + "ask"
          ) > CAST('0.0' AS DOUBLE))
      ) / (
        FSUM("us") FILTER(WHERE
          (
            "bid" + "ask"
          ) > CAST('0.0' AS DOUBLE))
      )
    END AS "spread_pct"
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
    "at" < 1741996800000000 AND "complete"
), "passing" AS (
  SELECT
    *
  FROM "in_range"
  WHERE
    "in_premarket" AND "spread_pct" < CAST('0.05' AS DOUBLE) AND "close" > "w_0"
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
  "filled",
  "spread_pct"
FROM "result"
ORDER BY
  "feed" ASC,
  "at" ASC
