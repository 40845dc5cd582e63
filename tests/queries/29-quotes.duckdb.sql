WITH "symbols" AS (
  SELECT
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST('nasdaq' AS TEXT) AS "exchange",
    CAST('AAPL' AS TEXT) AS "symbol"
), "quotes_files" AS (
  SELECT
    CAST('LAKE/quotes/nasdaq/AAPL/2025-03-10.parquet' AS TEXT) AS "path",
    CAST(0 AS BIGINT) AS "feed",
    CAST(0 AS BIGINT) AS "g",
    CAST(1741579200000000 AS BIGINT) AS "start",
    CAST(1741665600000000 AS BIGINT) AS "end"
), "stored_quotes" AS (
  SELECT
    "quotes_files"."feed",
    "quotes_files"."g",
    EPOCH_US("t"."ts") AS "at",
    "t"."seq",
    "t"."bid",
    "t"."bid_size",
    "t"."ask",
    "t"."ask_size"
  FROM READ_PARQUET(
    [
      'LAKE/quotes/nasdaq/AAPL/2025-03-10.parquet'
    ],
    filename := TRUE,
    hive_partitioning := FALSE
  ) AS "t"
  JOIN "quotes_files"
    ON "t"."filename" = "quotes_files"."path"
  WHERE
    "t"."ts" >= MAKE_TIMESTAMPTZ("quotes_files"."start")
    AND "t"."ts" < MAKE_TIMESTAMPTZ("quotes_files"."end")
), "grid" AS (
  SELECT
    CAST(1 AS BIGINT) AS "i",
    CAST(0 AS BIGINT) AS "g",
    CAST(1741593600000000 AS BIGINT) AS "start",
    CAST(1741613400000000 AS BIGINT) AS "end",
    CAST(1741593600000000 AS BIGINT) AS "origin",
    CAST(3600000000 AS BIGINT) AS "step",
    CAST(1741613400000000 AS BIGINT) AS "limit",
    CAST(20157 AS BIGINT) AS "session_date",
    CAST(1741593600000000 AS BIGINT) AS "market_open",
    CAST(1741593600000000 AS BIGINT) AS "first_open"
), "grid_edges" AS (
  SELECT
    *,
    UNNEST(RANGE("start" // 3600000000, (
      (
        "end" - 1
      ) // 3600000000
    ) + 1)) AS "hour"
  FROM "grid"
), "dated_quotes" AS (
  SELECT
    "stored_quotes".*,
    CASE WHEN "stored_quotes"."at" < "s"."end" THEN "s"."session_date" END AS "session_date"
  FROM "stored_quotes"
  JOIN "grid_edges" AS "s"
    ON "stored_quotes"."g" = "s"."g"
    AND (
      "stored_quotes"."at" // 3600000000
    ) = "s"."hour"
    AND "stored_quotes"."at" >= "s"."start"
    AND "stored_quotes"."at" < "s"."end"
  WHERE
    "stored_quotes"."at" < "s"."end"
), "sessions" AS (
  SELECT
    UNNEST(CAST('[1, 2, 3]' AS BIGINT[])) AS "i",
    CAST(0 AS BIGINT) AS "g",
    UNNEST(CAST('[1741593600000000, 1741613400000000, 1741636800000000]' AS BIGINT[])) AS "start",
    UNNEST(CAST('[1741613400000000, 1741636800000000, 1741651200000000]' AS BIGINT[])) AS "end",
    UNNEST(CAST(['premarket', 'regular', 'aftermarket'] AS TEXT[])) AS "name"
), "sessions_edges" AS (
  SELECT
    *,
    UNNEST(RANGE("start" // 3600000000, (
      (
        "end" - 1
      ) // 3600000000
    ) + 1)) AS "hour"
  FROM "sessions"
), "labelled_quotes" AS (
  SELECT
    "dated_quotes".*,
    CASE WHEN "dated_quotes"."at" < "span"."end" THEN "span"."name" END AS "session"
  FROM "dated_quotes"
  LEFT JOIN "sessions_edges" AS "span"
    ON "dated_quotes"."g" = "span"."g"
    AND (
      "dated_quotes"."at" // 3600000000
    ) = "span"."hour"
    AND "dated_quotes"."at" >= "span"."start"
    AND "dated_quotes"."at" < "span"."end"
), "quotes_2" AS (
  SELECT
    "labelled_quotes".*,
    "symbols"."symbol" AS "symbol",
    "symbols"."exchange" AS "exchange",
    CASE
      WHEN "labelled_quotes"."bid" <> CAST('0.0' AS DOUBLE)
      AND "labelled_quotes"."ask" <> CAST('0.0' AS DOUBLE)
      THEN "labelled_quotes"."ask" - "labelled_quotes"."bid"
    END AS "spread",
    CASE
      WHEN "labelled_quotes"."bid" <> CAST('0.0' AS DOUBLE)
      AND "labelled_quotes"."ask" <> CAST('0.0' AS DOUBLE)
      THEN (
        "labelled_quotes"."bid" + "labelled_quotes"."ask"
      ) / CAST('2.0' AS DOUBLE)
    END AS "mid",
    CASE
      WHEN "labelled_quotes"."bid" <> CAST('0.0' AS DOUBLE)
      AND "labelled_quotes"."ask" <> CAST('0.0' AS DOUBLE)
      AND (
        "labelled_quotes"."bid" + "labelled_quotes"."ask"
      ) > CAST('0.0' AS DOUBLE)
      THEN (
        CAST('100.0' AS DOUBLE) * (
          "labelled_quotes"."ask" - "labelled_quotes"."bid"
        )
      ) / (
        (
          "labelled_quotes"."bid" + "labelled_quotes"."ask"
        ) / CAST('2.0' AS DOUBLE)
      )
    END AS "spread_pct"
  FROM "labelled_quotes"
  JOIN "symbols"
    ON "symbols"."feed" = "labelled_quotes"."feed"
), "in_range" AS (
  SELECT
    *
  FROM "quotes_2"
  WHERE
    "at" >= 1741579200000000 AND "at" < 1741665600000000
), "passing" AS (
  SELECT
    *
  FROM "in_range"
  WHERE
    "spread_pct" > CAST('0.01' AS DOUBLE)
), "result" AS (
  SELECT
    "feed",
    "at",
    "seq",
    "symbol" AS "symbol",
    "exchange" AS "exchange",
    "at" AS "ts",
    "seq" AS "seq_2",
    "bid" AS "bid",
    "bid_size" AS "bid_size",
    "ask" AS "ask",
    "ask_size" AS "ask_size",
    "spread" AS "spread",
    "mid" AS "mid",
    "spread_pct" AS "spread_pct",
    "session" AS "session",
    "session_date" AS "session_date"
  FROM "passing"
), "taken" AS (
  SELECT
    *
  FROM "result"
  ORDER BY
    "feed" ASC,
    "at" ASC,
    "seq" ASC
  LIMIT 30
)
SELECT
  "symbol",
  "exchange",
  MAKE_TIMESTAMPTZ("ts") AS "ts",
  "seq_2",
  "bid",
  "bid_size",
  "ask",
  "ask_size",
  "spread",
  "mid",
  "spread_pct",
  "session",
  CAST('1970-01-01' AS DATE) + CAST("session_date" AS INT) AS "session_date"
FROM "taken"
ORDER BY
  "feed" ASC,
  "at" ASC,
  "seq" ASC
