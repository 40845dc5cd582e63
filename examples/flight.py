"""A plain Arrow Flight client: no TapeQL on this side of the wire.

tapeql --lake tape serve &
python examples/flight.py grpc://127.0.0.1:8815
"""

import json
import sys

import pyarrow.flight as fl


def main(address: str) -> None:
    client = fl.connect(address)
    query = {"query": "CANDLES 1h FROM binance:BTCUSDT DURING $day", "params": {"day": "2025-03-10"}}
    command = json.dumps(query).encode()

    info = client.get_flight_info(fl.FlightDescriptor.for_command(command))
    print(info.schema.names)
    print(client.do_get(info.endpoints[0].ticket).read_all().to_pandas())

    # The text alone is a ticket too; the last, empty batch tells about the result.
    for chunk in client.do_get(fl.Ticket(b"CANDLES 1d FROM binance:BTCUSDT")):
        if chunk.app_metadata is not None:
            print(json.loads(chunk.app_metadata.to_pybytes()))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "grpc://127.0.0.1:8815")
