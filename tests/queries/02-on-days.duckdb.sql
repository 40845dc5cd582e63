WITH "symbols" AS (
  SELECT
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST('nasdaq' AS TEXT) AS "exchange",
    CAST('AAPL' AS TEXT) AS "symbol"
), "grid" AS (
  SELECT
    UNNEST(
      CAST('[… 172 items]' AS BIGINT[])
    ) AS "i",
    CAST(0 AS BIGINT) AS "g",
    UNNEST(
      CAST('[… 172 items]' AS BIGINT[])
    ) AS "start",
    UNNEST(
      CAST('[… 172 items]' AS BIGINT[])
    ) AS "end",
    UNNEST(
      CAST('[… 172 items]' AS BIGINT[])
    ) AS "origin",
    CAST(3600000000 AS BIGINT) AS "step",
    UNNEST(
      CAST('[… 172 items]' AS BIGINT[])
    ) AS "limit",
    UNNEST(
      CAST('[… 172 items]' AS BIGINT[])
    ) AS "session_date",
    UNNEST(
      CAST('[… 172 items]' AS BIGINT[])
    ) AS "market_open",
    UNNEST(
      CAST('[… 172 items]' AS BIGINT[])
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
      CAST([… 51 items] AS TEXT[])
    ) AS "path",
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST(1736586000000000 AS BIGINT) AS "start",
    CAST(1741996800000000 AS BIGINT) AS "end"
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
    [… 51 items],
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
    CAST(0 AS BIGINT) AS "feed",
    CAST(1736586000000000 AS BIGINT) AS "from",
    CAST(1741996704398546 AS BIGINT) AS "until"
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
    CAST('MQ9CHINRUVW7' AS TEXT) AS "no_high_low",
    CAST('MQ9CHINRUVW7GLPZ4' AS TEXT) AS "no_open_close",
    CAST('(^|[^0-9])0*(15|16|38)([^0-9]|$)' AS TEXT) AS "no_volume_numbers",
    CAST('(^|[^0-9])0*(7|13|15|16|20|21|29|37|38|52|53|2)([^0-9]|$)' AS TEXT) AS "no_high_low_numbers",
    CAST('(^|[^0-9])0*(5|7|10|13|15|16|20|21|22|29|30|31|32|33|37|38|52|53|2)([^0-9]|$)' AS TEXT) AS "no_open_close_numbers"
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
      CAST('[… 132 items]' AS BIGINT[])
    ) AS "i",
    CAST(0 AS BIGINT) AS "g",
    UNNEST(
      CAST('[… 132 items]' AS BIGINT[])
    ) AS "start",
    UNNEST(
      CAST('[… 132 items]' AS BIGINT[])
    ) AS "end",
    UNNEST(
      CAST([… 132 items] AS TEXT[])
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
), "in_range" AS (
  SELECT
    *
  FROM "bars"
  WHERE
    "at" >= 1710388800000000 AND "at" < 1741996800000000 AND "complete"
), "chosen_grid" AS (
  SELECT
    UNNEST(
      CAST('[… 253 items]' AS BIGINT[])
    ) AS "i",
    CAST(0 AS BIGINT) AS "g",
    UNNEST(
      CAST('[… 253 items]' AS BIGINT[])
    ) AS "start",
    UNNEST(
      CAST('[… 253 items]' AS BIGINT[])
    ) AS "end",
    UNNEST(
      CAST('[… 253 items]' AS BIGINT[])
    ) AS "origin",
    CAST(0 AS BIGINT) AS "step",
    UNNEST(
      CAST('[… 253 items]' AS BIGINT[])
    ) AS "limit",
    UNNEST(
      CAST('[… 253 items]' AS BIGINT[])
    ) AS "session_date",
    UNNEST(
      CAST('[… 253 items]' AS BIGINT[])
    ) AS "market_open",
    UNNEST(
      CAST('[… 253 items]' AS BIGINT[])
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
), "ticks_files_2" AS (
  SELECT
    UNNEST(
      CAST([… 51 items] AS TEXT[])
    ) AS "path",
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST(1736326800000000 AS BIGINT) AS "start",
    CAST(1741996704398546 AS BIGINT) AS "end"
), "chosen_trades_2" AS (
  SELECT
    "ticks_files_2"."feed",
    "ticks_files_2"."g",
    EPOCH_US("t"."ts") AS "at",
    "t"."seq",
    "t"."price",
    "t"."quantity",
    "t"."conditions"
  FROM READ_PARQUET(
    [… 51 items],
    filename := TRUE,
    hive_partitioning := FALSE
  ) AS "t"
  JOIN "ticks_files_2"
    ON "t"."filename" = "ticks_files_2"."path"
  WHERE
    "t"."ts" >= MAKE_TIMESTAMPTZ("ticks_files_2"."start")
    AND "t"."ts" < MAKE_TIMESTAMPTZ("ticks_files_2"."end")
), "chosen_trades_in_bars" AS (
  SELECT
    "chosen_trades_2"."feed",
    "chosen_trades_2"."g",
    "chosen_trades_2"."at",
    "chosen_trades_2"."seq",
    "chosen_trades_2"."price",
    "chosen_trades_2"."quantity",
    "chosen_trades_2"."conditions",
    "s"."origin" AS "bar",
    "s"."limit" AS "bar_close",
    "s"."session_date" AS "session_date"
  FROM "chosen_trades_2"
  JOIN "chosen_grid_edges" AS "s"
    ON "chosen_trades_2"."g" = "s"."g"
    AND (
      "chosen_trades_2"."at" // 3600000000
    ) = "s"."hour"
    AND "chosen_trades_2"."at" >= "s"."start"
    AND "chosen_trades_2"."at" < "s"."end"
  WHERE
    "chosen_trades_2"."at" < "s"."end"
), "chosen_openings" AS (
  SELECT
    CAST(0 AS BIGINT) AS "feed",
    CAST(1736326800000000 AS BIGINT) AS "from",
    CAST(1741996704398546 AS BIGINT) AS "until"
), "chosen_chosen_trades" AS (
  SELECT
    "chosen_trades_in_bars".*
  FROM "chosen_trades_in_bars"
  JOIN "chosen_openings"
    ON "chosen_openings"."feed" = "chosen_trades_in_bars"."feed"
    AND "chosen_trades_in_bars"."bar" >= "chosen_openings"."from"
    AND "chosen_trades_in_bars"."bar" < "chosen_openings"."until"
), "chosen_sale_conditions" AS (
  SELECT
    CAST(0 AS BIGINT) AS "feed",
    CAST('MQ9' AS TEXT) AS "no_volume",
    CAST('MQ9CHINRUVW7' AS TEXT) AS "no_high_low",
    CAST('MQ9CHINRUVW7GLPZ4' AS TEXT) AS "no_open_close",
    CAST('(^|[^0-9])0*(15|16|38)([^0-9]|$)' AS TEXT) AS "no_volume_numbers",
    CAST('(^|[^0-9])0*(7|13|15|16|20|21|29|37|38|52|53|2)([^0-9]|$)' AS TEXT) AS "no_high_low_numbers",
    CAST('(^|[^0-9])0*(5|7|10|13|15|16|20|21|22|29|30|31|32|33|37|38|52|53|2)([^0-9]|$)' AS TEXT) AS "no_open_close_numbers"
), "chosen_counted_trades" AS (
  SELECT
    "chosen_chosen_trades".*,
    "chosen_chosen_trades"."conditions" IS NULL
    OR CASE
      WHEN REGEXP_MATCHES("chosen_chosen_trades"."conditions", '(^|[^0-9])[0-9]{2}')
      THEN NOT (
        REGEXP_MATCHES("chosen_chosen_trades"."conditions", "chosen_sale_conditions"."no_volume_numbers")
      )
      ELSE TRANSLATE("chosen_chosen_trades"."conditions", "chosen_sale_conditions"."no_volume", '') = "chosen_chosen_trades"."conditions"
    END AS "for_volume",
    "chosen_chosen_trades"."conditions" IS NULL
    OR CASE
      WHEN REGEXP_MATCHES("chosen_chosen_trades"."conditions", '(^|[^0-9])[0-9]{2}')
      THEN NOT (
        REGEXP_MATCHES(
          "chosen_chosen_trades"."conditions",
          "chosen_sale_conditions"."no_high_low_numbers"
        )
      )
      ELSE TRANSLATE("chosen_chosen_trades"."conditions", "chosen_sale_conditions"."no_high_low", '') = "chosen_chosen_trades"."conditions"
    END AS "for_high_low",
    "chosen_chosen_trades"."conditions" IS NULL
    OR CASE
      WHEN REGEXP_MATCHES("chosen_chosen_trades"."conditions", '(^|[^0-9])[0-9]{2}')
      THEN NOT (
        REGEXP_MATCHES(
          "chosen_chosen_trades"."conditions",
          "chosen_sale_conditions"."no_open_close_numbers"
        )
      )
      ELSE TRANSLATE("chosen_chosen_trades"."conditions", "chosen_sale_conditions"."no_open_close", '') = "chosen_chosen_trades"."conditions"
    END AS "for_open_close"
  FROM "chosen_chosen_trades"
  JOIN "chosen_sale_conditions"
    ON "chosen_sale_conditions"."feed" = "chosen_chosen_trades"."feed"
  WHERE
    "chosen_chosen_trades"."conditions" IS NULL
    OR CASE
      WHEN REGEXP_MATCHES("chosen_chosen_trades"."conditions", '(^|[^0-9])[0-9]{2}')
      THEN NOT (
        REGEXP_MATCHES("chosen_chosen_trades"."conditions", "chosen_sale_conditions"."no_volume_numbers")
      )
      ELSE TRANSLATE("chosen_chosen_trades"."conditions", "chosen_sale_conditions"."no_volume", '') = "chosen_chosen_trades"."conditions"
    END
    OR "chosen_chosen_trades"."conditions" IS NULL
    OR CASE
      WHEN REGEXP_MATCHES("chosen_chosen_trades"."conditions", '(^|[^0-9])[0-9]{2}')
      THEN NOT (
        REGEXP_MATCHES(
          "chosen_chosen_trades"."conditions",
          "chosen_sale_conditions"."no_high_low_numbers"
        )
      )
      ELSE TRANSLATE("chosen_chosen_trades"."conditions", "chosen_sale_conditions"."no_high_low", '') = "chosen_chosen_trades"."conditions"
    END
    OR "chosen_chosen_trades"."conditions" IS NULL
    OR CASE
      WHEN REGEXP_MATCHES("chosen_chosen_trades"."conditions", '(^|[^0-9])[0-9]{2}')
      THEN NOT (
        REGEXP_MATCHES(
          "chosen_chosen_trades"."conditions",
          "chosen_sale_conditions"."no_open_close_numbers"
        )
      )
      ELSE TRANSLATE("chosen_chosen_trades"."conditions", "chosen_sale_conditions"."no_open_close", '') = "chosen_chosen_trades"."conditions"
    END
), "chosen_bars_from_trades" AS (
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
  FROM "chosen_counted_trades"
  GROUP BY
    "feed",
    "g",
    "bar",
    "bar_close",
    "session_date"
), "chosen_bars" AS (
  SELECT
    "chosen_bars_from_trades"."feed",
    "chosen_bars_from_trades"."bar" AS "at",
    "symbols"."symbol" AS "symbol",
    "symbols"."exchange" AS "exchange",
    '1d' AS "interval",
    "chosen_bars_from_trades"."bar_close" AS "ts_close",
    "chosen_bars_from_trades"."open" AS "open",
    "chosen_bars_from_trades"."high" AS "high",
    "chosen_bars_from_trades"."low" AS "low",
    "chosen_bars_from_trades"."close" AS "close",
    "chosen_bars_from_trades"."volume" AS "volume",
    "chosen_bars_from_trades"."trades" AS "trades",
    "chosen_bars_from_trades"."vwap" AS "vwap",
    CAST('regular' AS TEXT) AS "session",
    "chosen_bars_from_trades"."session_date" AS "session_date",
    "chosen_bars_from_trades"."bar_close" <= 1741996800000000 AS "complete",
    FALSE AS "filled"
  FROM "chosen_bars_from_trades"
  JOIN "symbols"
    ON "symbols"."feed" = "chosen_bars_from_trades"."feed"
), "chosen_premarket_slots_grid" AS (
  SELECT
    UNNEST(
      CAST('[… 254 items]' AS BIGINT[])
    ) AS "i",
    CAST(0 AS BIGINT) AS "g",
    UNNEST(
      CAST('[… 254 items]' AS BIGINT[])
    ) AS "start",
    UNNEST(
      CAST('[… 254 items]' AS BIGINT[])
    ) AS "end",
    UNNEST(
      CAST('[… 254 items]' AS BIGINT[])
    ) AS "origin",
    CAST(0 AS BIGINT) AS "step",
    UNNEST(
      CAST('[… 254 items]' AS BIGINT[])
    ) AS "limit",
    UNNEST(
      CAST('[… 254 items]' AS BIGINT[])
    ) AS "session_date",
    UNNEST(
      CAST('[… 254 items]' AS BIGINT[])
    ) AS "market_open",
    UNNEST(
      CAST('[… 254 items]' AS BIGINT[])
    ) AS "first_open"
), "chosen_premarket_slots_grid_edges" AS (
  SELECT
    *,
    UNNEST(RANGE("start" // 3600000000, (
      (
        "end" - 1
      ) // 3600000000
    ) + 1)) AS "hour"
  FROM "chosen_premarket_slots_grid"
), "chosen_premarket_days" AS (
  SELECT
    CAST(0 AS BIGINT) AS "g",
    UNNEST(
      CAST('[… 254 items]' AS BIGINT[])
    ) AS "at",
    UNNEST(
      CAST('[… 254 items]' AS BIGINT[])
    ) AS "ts_close",
    UNNEST(
      CAST('[… 254 items]' AS BIGINT[])
    ) AS "session_date"
), "chosen_premarket_sessions" AS (
  SELECT
    "symbols"."feed",
    "chosen_premarket_days"."at",
    "chosen_premarket_days"."ts_close",
    "chosen_premarket_days"."session_date"
  FROM "chosen_premarket_days"
  JOIN "symbols"
    ON "symbols"."g" = "chosen_premarket_days"."g"
), "quotes_files" AS (
  SELECT
    UNNEST(
      CAST([… 51 items] AS TEXT[])
    ) AS "path",
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST(1710043200000000 AS BIGINT) AS "start",
    CAST(1741996800000000 AS BIGINT) AS "end"
), "chosen_premarket_standing_quotes" AS (
  SELECT
    "quotes_files"."feed",
    "quotes_files"."g",
    EPOCH_US("t"."ts") AS "at",
    "t"."seq",
    "t"."bid",
    "t"."ask"
  FROM READ_PARQUET(
    [… 51 items],
    filename := TRUE,
    hive_partitioning := FALSE
  ) AS "t"
  JOIN "quotes_files"
    ON "t"."filename" = "quotes_files"."path"
  WHERE
    "t"."ts" >= MAKE_TIMESTAMPTZ("quotes_files"."start")
    AND "t"."ts" < MAKE_TIMESTAMPTZ("quotes_files"."end")
), "chosen_premarket_pieces" AS (
  SELECT
    "chosen_premarket_sessions"."feed",
    "s"."start" AS "at",
    "chosen_premarket_sessions"."at" AS "bar",
    LEAST("chosen_premarket_sessions"."ts_close", "s"."end", 1741996800000000) AS "until",
    "s"."market_open" AS "opened"
  FROM "chosen_premarket_sessions"
  JOIN "symbols"
    ON "symbols"."feed" = "chosen_premarket_sessions"."feed"
  JOIN "chosen_premarket_slots_grid" AS "s"
    ON "s"."g" = "symbols"."g" AND "s"."first_open" = "chosen_premarket_sessions"."at"
  WHERE
    "s"."market_open" < 4611686018427387904
), "chosen_premarket_events" AS (
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
  FROM "chosen_premarket_standing_quotes"
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
  FROM "chosen_premarket_pieces"
), "chosen_premarket_numbered_events" AS (
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
  FROM "chosen_premarket_events"
), "chosen_premarket_standing_events" AS (
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
  FROM "chosen_premarket_numbered_events"
), "chosen_premarket_lives" AS (
  SELECT
    "feed",
    "bar",
    "bid",
    "ask",
    CAST(LEAST(COALESCE("next", "until"), "until") - "at" AS DOUBLE) AS "us"
  FROM "chosen_premarket_standing_events"
  WHERE
    "at" < LEAST(COALESCE("next", "until"), "until")
    AND "since" >= "opened"
    AND "bid" <> CAST('0.0' AS DOUBLE)
    AND "ask" <> CAST('0.0' AS DOUBLE)
    AND "bid" <= "ask"
), "chosen_premarket_quote_means" AS (
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
  FROM "chosen_premarket_lives"
  GROUP BY
    "feed",
    "bar"
), "chosen_premarket_with_quotes" AS (
  SELECT
    "chosen_premarket_sessions".*,
    "chosen_premarket_quote_means"."spread_pct" AS "spread_pct"
  FROM "chosen_premarket_sessions"
  LEFT JOIN "chosen_premarket_quote_means"
    ON "chosen_premarket_quote_means"."feed" = "chosen_premarket_sessions"."feed"
    AND "chosen_premarket_quote_means"."bar" = "chosen_premarket_sessions"."at"
), "chosen_premarket_measured" AS (
  SELECT
    "chosen_bars".*,
    "chosen_premarket_with_quotes"."spread_pct" AS "premarket_spread_pct"
  FROM "chosen_bars"
  LEFT JOIN "chosen_premarket_with_quotes"
    ON "chosen_premarket_with_quotes"."feed" = "chosen_bars"."feed"
    AND "chosen_premarket_with_quotes"."session_date" = "chosen_bars"."session_date"
), "chosen_computed" AS (
  SELECT
    *,
    CASE
      WHEN (
        COUNT("volume") OVER (PARTITION BY "feed" ORDER BY "at" ASC ROWS BETWEEN 19 PRECEDING AND CURRENT ROW)
      ) = 20
      THEN AVG("volume") OVER (PARTITION BY "feed" ORDER BY "at" ASC ROWS BETWEEN 19 PRECEDING AND CURRENT ROW)
    END AS "w_0"
  FROM "chosen_premarket_measured"
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
    "at" >= 1710216000000000 AND "at" < 1742169600000000 AND "complete"
), "chosen_passing" AS (
  SELECT
    *
  FROM "chosen_in_range"
  WHERE
    "premarket_spread_pct" < CAST('0.05' AS DOUBLE) AND "volume" > "w_1"
), "chosen_result" AS (
  SELECT
    "feed",
    "at",
    "symbol" AS "symbol",
    "exchange" AS "exchange",
    "session_date" AS "session_date",
    "at" AS "start",
    "ts_close" AS "end",
    "premarket_spread_pct" AS "premarket_spread_pct"
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
