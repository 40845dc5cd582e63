"""InfluxDB: CSV of queries."""

from tapeql.storage.importers.layout import Layout

LAYOUTS = (
    Layout(
        name="influx-long",
        title="InfluxDB, a row a field",
        where="https://docs.influxdata.com",
        kind="candles",
        header=("time", "value", "field", "measurement"),
        refusal="the file has a row for each field: pivot it in the query, so that open, high, low and close are columns",
    ),
)
