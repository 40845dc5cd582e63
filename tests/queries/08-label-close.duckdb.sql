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
    CAST(14400000000 AS BIGINT) AS "step",
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
        ) // 14400000000
      ) * 14400000000
    ) AS "bar",
    LEAST(
      (
        "s"."origin" + (
          (
            (
              "trades"."at" - "s"."origin"
            ) // 14400000000
          ) * 14400000000
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
    '4h' AS "interval",
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
    "at" >= 1735707600000000 AND "at" < 1743480000000000 AND "complete"
), "result" AS (
  SELECT
    "feed",
    "at",
    "symbol" AS "symbol",
    "exchange" AS "exchange",
    "interval" AS "interval",
    "ts_close" AS "ts",
    "at" AS "ts_open",
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
  FROM "in_range"
), "taken" AS (
  SELECT
    *
  FROM "result"
  ORDER BY
    "feed" ASC,
    "at" ASC
  LIMIT 20
)
SELECT
  "symbol",
  "exchange",
  "interval",
  MAKE_TIMESTAMPTZ("ts") AS "ts",
  MAKE_TIMESTAMPTZ("ts_open") AS "ts_open",
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
FROM "taken"
ORDER BY
  "feed" ASC,
  "at" ASC
