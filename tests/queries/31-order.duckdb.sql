WITH "symbols" AS (
  SELECT
    UNNEST(CAST('[0, 1]' AS BIGINT[])) AS "feed",
    UNNEST(CAST('[0, 1]' AS BIGINT[])) AS "g",
    UNNEST(CAST(['binance', 'nasdaq'] AS TEXT[])) AS "exchange",
    UNNEST(CAST(['BTCUSDT', 'AAPL'] AS TEXT[])) AS "symbol"
), "grid" AS (
  SELECT
    UNNEST(
      CAST('[1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]' AS BIGINT[])
    ) AS "i",
    UNNEST(
      CAST('[0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]' AS BIGINT[])
    ) AS "g",
    UNNEST(
      CAST('[… 25 items]' AS BIGINT[])
    ) AS "start",
    UNNEST(
      CAST('[… 25 items]' AS BIGINT[])
    ) AS "end",
    UNNEST(
      CAST('[… 25 items]' AS BIGINT[])
    ) AS "origin",
    CAST(3600000000 AS BIGINT) AS "step",
    UNNEST(
      CAST('[… 25 items]' AS BIGINT[])
    ) AS "limit",
    UNNEST(
      CAST('[… 25 items]' AS BIGINT[])
    ) AS "session_date",
    UNNEST(
      CAST('[… 25 items]' AS BIGINT[])
    ) AS "market_open",
    UNNEST(
      CAST('[… 25 items]' AS BIGINT[])
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
      CAST([… 10 items] AS TEXT[])
    ) AS "path",
    UNNEST(CAST('[0, 0, 0, 0, 0, 1, 1, 1, 1, 1]' AS BIGINT[])) AS "feed",
    UNNEST(CAST('[0, 0, 0, 0, 0, 1, 1, 1, 1, 1]' AS BIGINT[])) AS "g",
    CAST(1740960000000000 AS BIGINT) AS "start",
    CAST(1741392000000000 AS BIGINT) AS "end"
), "trades" AS (
  SELECT
    "ticks_files"."feed",
    "ticks_files"."g",
    EPOCH_US("t"."ts") AS "at",
    "t"."seq",
    "t"."price",
    "t"."quantity",
    "t"."conditions"
  FROM READ_PARQUET(
    [… 10 items],
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
    "trades"."conditions",
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
    UNNEST(CAST('[0, 1]' AS BIGINT[])) AS "feed",
    CAST(1740960000000000 AS BIGINT) AS "from",
    CAST(1741392000000000 AS BIGINT) AS "until"
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
    UNNEST(CAST('[0, 1]' AS BIGINT[])) AS "feed",
    UNNEST(CAST(['', 'MQ9'] AS TEXT[])) AS "no_volume",
    UNNEST(CAST(['', 'MQ9CHINRUVW7'] AS TEXT[])) AS "no_high_low",
    UNNEST(CAST(['', 'MQ9CHINRUVW7GLPZ4'] AS TEXT[])) AS "no_open_close",
    UNNEST(CAST(['$.', '(^|[^0-9])0*(15|16|38)([^0-9]|$)'] AS TEXT[])) AS "no_volume_numbers",
    UNNEST(
      CAST(['$.', '(^|[^0-9])0*(7|13|15|16|20|21|29|37|38|52|53|2)([^0-9]|$)'] AS TEXT[])
    ) AS "no_high_low_numbers",
    UNNEST(
      CAST([
        '$.',
        '(^|[^0-9])0*(5|7|10|13|15|16|20|21|22|29|30|31|32|33|37|38|52|53|2)([^0-9]|$)'
      ] AS TEXT[])
    ) AS "no_open_close_numbers"
), "counted_trades" AS (
  SELECT
    "chosen_trades".*,
    "chosen_trades"."conditions" IS NULL
    OR CASE
      WHEN REGEXP_MATCHES("chosen_trades"."conditions", '(^|[^0-9])[0-9]{2}')
      THEN NOT (
        REGEXP_MATCHES("chosen_trades"."conditions", "sale_conditions"."no_volume_numbers")
      )
      ELSE TRANSLATE("chosen_trades"."conditions", "sale_conditions"."no_volume", '') = "chosen_trades"."conditions"
    END AS "for_volume",
    "chosen_trades"."conditions" IS NULL
    OR CASE
      WHEN REGEXP_MATCHES("chosen_trades"."conditions", '(^|[^0-9])[0-9]{2}')
      THEN NOT (
        REGEXP_MATCHES("chosen_trades"."conditions", "sale_conditions"."no_high_low_numbers")
      )
      ELSE TRANSLATE("chosen_trades"."conditions", "sale_conditions"."no_high_low", '') = "chosen_trades"."conditions"
    END AS "for_high_low",
    "chosen_trades"."conditions" IS NULL
    OR CASE
      WHEN REGEXP_MATCHES("chosen_trades"."conditions", '(^|[^0-9])[0-9]{2}')
      THEN NOT (
        REGEXP_MATCHES("chosen_trades"."conditions", "sale_conditions"."no_open_close_numbers")
      )
      ELSE TRANSLATE("chosen_trades"."conditions", "sale_conditions"."no_open_close", '') = "chosen_trades"."conditions"
    END AS "for_open_close"
  FROM "chosen_trades"
  JOIN "sale_conditions"
    ON "sale_conditions"."feed" = "chosen_trades"."feed"
  WHERE
    "chosen_trades"."conditions" IS NULL
    OR CASE
      WHEN REGEXP_MATCHES("chosen_trades"."conditions", '(^|[^0-9])[0-9]{2}')
      THEN NOT (
        REGEXP_MATCHES("chosen_trades"."conditions", "sale_conditions"."no_volume_numbers")
      )
      ELSE TRANSLATE("chosen_trades"."conditions", "sale_conditions"."no_volume", '') = "chosen_trades"."conditions"
    END
    OR "chosen_trades"."conditions" IS NULL
    OR CASE
      WHEN REGEXP_MATCHES("chosen_trades"."conditions", '(^|[^0-9])[0-9]{2}')
      THEN NOT (
        REGEXP_MATCHES("chosen_trades"."conditions", "sale_conditions"."no_high_low_numbers")
      )
      ELSE TRANSLATE("chosen_trades"."conditions", "sale_conditions"."no_high_low", '') = "chosen_trades"."conditions"
    END
    OR "chosen_trades"."conditions" IS NULL
    OR CASE
      WHEN REGEXP_MATCHES("chosen_trades"."conditions", '(^|[^0-9])[0-9]{2}')
      THEN NOT (
        REGEXP_MATCHES("chosen_trades"."conditions", "sale_conditions"."no_open_close_numbers")
      )
      ELSE TRANSLATE("chosen_trades"."conditions", "sale_conditions"."no_open_close", '') = "chosen_trades"."conditions"
    END
), "bars_from_trades" AS (
  SELECT
    "feed",
    "g",
    "bar",
    "bar_close",
    "session_date" AS "session_date",
    FIRST("price" ORDER BY "at" ASC, "seq" ASC) FILTER(WHERE
      "for_open_close") AS "open",
    MAX("price") FILTER(WHERE
      "for_high_low") AS "high",
    MIN("price") FILTER(WHERE
      "for_high_low") AS "low",
    LAST("price" ORDER BY "at" ASC, "seq" ASC) FILTER(WHERE
      "for_open_close") AS "close",
    COALESCE(FSUM("quantity") FILTER(WHERE
      "for_volume"), CAST(0 AS DOUBLE)) AS "volume",
    COUNT(*) FILTER(WHERE
      "for_volume") AS "trades",
    CASE
      WHEN COALESCE(FSUM("quantity") FILTER(WHERE
        "for_volume"), CAST(0 AS DOUBLE)) > CAST(0 AS DOUBLE)
      AND ISFINITE(FSUM("price" * "quantity") FILTER(WHERE
        "for_volume"))
      THEN LEAST(
        GREATEST(
          (
            FSUM("price" * "quantity") FILTER(WHERE
              "for_volume")
          ) / COALESCE(FSUM("quantity") FILTER(WHERE
            "for_volume"), CAST(0 AS DOUBLE)),
          MIN("price") FILTER(WHERE
            "for_volume")
        ),
        MAX("price") FILTER(WHERE
          "for_volume")
      )
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
    UNNEST(
      CAST('[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]' AS BIGINT[])
    ) AS "i",
    UNNEST(
      CAST('[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]' AS BIGINT[])
    ) AS "g",
    UNNEST(
      CAST('[… 32 items]' AS BIGINT[])
    ) AS "start",
    UNNEST(
      CAST('[… 32 items]' AS BIGINT[])
    ) AS "end",
    UNNEST(
      CAST([… 32 items] AS TEXT[])
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
      CAST([… 11 items] AS TEXT[])
    ) AS "path",
    UNNEST(CAST('[0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]' AS BIGINT[])) AS "feed",
    UNNEST(CAST('[0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]' AS BIGINT[])) AS "g",
    UNNEST(
      CAST('[… 11 items]' AS BIGINT[])
    ) AS "start",
    CAST(1741392000000000 AS BIGINT) AS "end"
), "standing_quotes" AS (
  SELECT
    "quotes_files"."feed",
    "quotes_files"."g",
    EPOCH_US("t"."ts") AS "at",
    "t"."seq",
    "t"."bid",
    "t"."ask"
  FROM READ_PARQUET(
    [… 11 items],
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
), "in_range" AS (
  SELECT
    *
  FROM "measured"
  WHERE
    "at" >= 1740960000000000 AND "at" < 1741392000000000 AND "complete"
), "result" AS (
  SELECT
    "feed",
    "at",
    "exchange" AS "exchange",
    "symbol" AS "symbol",
    "at" AS "ts",
    "spread_pct" AS "spread_pct",
    "volume" AS "volume",
    "spread_pct" AS "order_0",
    "exchange" AS "order_exchange",
    "symbol" AS "order_symbol"
  FROM "in_range"
), "ranked" AS (
  SELECT
    *,
    ROW_NUMBER() OVER (PARTITION BY "feed" ORDER BY "order_0" DESC, "feed" ASC, "at" ASC) AS "row"
  FROM "result"
), "taken" AS (
  SELECT
    *
  FROM "ranked"
  WHERE
    "row" <= 5
)
SELECT
  "exchange",
  "symbol",
  MAKE_TIMESTAMPTZ("ts") AS "ts",
  "spread_pct",
  "volume"
FROM "taken"
ORDER BY
  "order_0" DESC,
  "feed" ASC,
  "at" ASC
