"""Messages of websocket v2 as Kraken documents them, one a line."""

from __future__ import annotations

BOOK_SNAPSHOT = (
    b'{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":['
    b'{"price":45283.5,"qty":0.10000000},{"price":45283.4,"qty":1.54582015},{"price":45282.1,"qty":0.10000000},'
    b'{"price":45281.0,"qty":0.10000000},{"price":45280.3,"qty":1.54592586},{"price":45279.0,"qty":0.07990000},'
    b'{"price":45277.6,"qty":0.03310103},{"price":45277.5,"qty":0.30000000},{"price":45277.3,"qty":1.54602737},'
    b'{"price":45276.6,"qty":0.15445238}],"asks":['
    b'{"price":45285.2,"qty":0.00100000},{"price":45286.4,"qty":1.54571953},{"price":45286.6,"qty":1.54571109},'
    b'{"price":45289.6,"qty":1.54560911},{"price":45290.2,"qty":0.15890660},{"price":45291.8,"qty":1.54553491},'
    b'{"price":45294.7,"qty":0.04454749},{"price":45296.1,"qty":0.35380000},{"price":45297.5,"qty":0.09945542},'
    b'{"price":45299.5,"qty":0.18772827}],"checksum":3310070434,"timestamp":"2023-10-06T17:35:55.440295Z"}]}'
)
"""The worked example of the checksum's page; its timestamp is ours."""

FRAMES = (
    b'{"channel":"status","type":"update","data":[{"version":"2.0.4","system":"online","api_version":"v2",'
    b'"connection_id":18266300427528990701}]}',
    b'{"method":"subscribe","result":{"channel":"book","depth":10,"snapshot":true,"symbol":"BTC/USD"},"success":true,'
    b'"time_in":"2023-10-06T17:35:55.219022Z","time_out":"2023-10-06T17:35:55.219067Z"}',
    b'{"method":"subscribe","result":{"channel":"trade","snapshot":true,"symbol":"BTC/USD"},"success":true,'
    b'"time_in":"2023-10-06T17:35:55.219022Z","time_out":"2023-10-06T17:35:55.219067Z"}',
    b'{"method":"subscribe","result":{"channel":"ticker","event_trigger":"bbo","snapshot":true,"symbol":"BTC/USD"},'
    b'"success":true,"time_in":"2023-10-06T17:35:55.219022Z","time_out":"2023-10-06T17:35:55.219067Z"}',
    b'{"error":"Currency pair not supported BTX/USD","method":"subscribe","success":false,"symbol":"BTX/USD",'
    b'"time_in":"2023-10-06T17:35:55.219022Z","time_out":"2023-10-06T17:35:55.219067Z"}',
    b'{"method":"unsubscribe","result":{"channel":"book","depth":10,"symbol":"BTC/USD"},"success":true,'
    b'"time_in":"2023-10-06T17:35:55.219022Z","time_out":"2023-10-06T17:35:55.219067Z"}',
    b'{"method":"pong","req_id":101,"time_in":"2023-09-24T14:10:23.799685Z","time_out":"2023-09-24T14:10:23.799703Z"}',
    b'{"channel":"heartbeat"}',
    BOOK_SNAPSHOT,
    b'{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":[{"price":45283.5,"qty":0.00000000}],'
    b'"asks":[{"price":45285.2,"qty":0.25000000}],"checksum":1,"timestamp":"2023-10-06T17:35:56.440295Z"}]}',
    b'{"channel":"trade","type":"snapshot","data":['
    b'{"symbol":"BTC/USD","side":"buy","price":45285.2,"qty":0.00100000,"ord_type":"market","trade_id":4665846,'
    b'"timestamp":"2023-09-25T07:48:36.925533Z"},'
    b'{"symbol":"BTC/USD","side":"sell","price":45283.5,"qty":40.0,"ord_type":"limit","trade_id":4665847,'
    b'"timestamp":"2023-09-25T07:49:36.925603Z"}]}',
    b'{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"sell","price":45283.4,"qty":0.00000000,'
    b'"ord_type":"limit","trade_id":4665848,"timestamp":"2023-09-25T07:49:37.708706Z"}]}',
    b'{"channel":"ticker","type":"snapshot","data":[{"symbol":"BTC/USD","bid":45283.5,"bid_qty":0.10000000,'
    b'"ask":45285.2,"ask_qty":0.00100000,"last":45285.2,"volume":997038.98383185,"vwap":45280.1,"low":45000.1,'
    b'"high":45300.2,"change":-0.0001,"change_pct":-0.10}]}',
    b'{"channel":"ticker","type":"update","data":[{"symbol":"BTC/USD","bid":0.0,"bid_qty":0.00000000,"ask":45285.2,'
    b'"ask_qty":0.00100000,"timestamp":"2023-10-06T17:35:57.440295Z"}]}',
    b'{"channel":"ohlc","type":"update","data":[{"symbol":"BTC/USD","open":1,"interval":1}]}',
    b'{"channel":"status","type":"update","data":[{"version":"2.0.4","system":"maintenance","api_version":"v2"}]}',
)

COUNTS = {
    "Heartbeat": 4,
    "Subscribed": 3,
    "Refused:error": 1,
    "Refused:unknown": 2,
    "WrittenSnapshot": 1,
    "WrittenDelta": 1,
    "Trade": 2,
    "Void": 1,
    "Quote": 2,
}

OHLC = (
    b'{"error":[],"result":{"XXBTZUSD":['
    b'[1688671200,"30306.1","30306.2","30305.7","30305.7","30306.1","3.39243896",23],'
    b'[1688671260,"30304.5","30304.5","30304.5","30304.5","0.0","0.00000000",0],'
    b'[1688671320,"30300.3","30300.4","30291.4","30294.7","30297.5","1.95107900",31],'
    b'[1688671380,"30291.8","30295.1","30291.8","30295.0","30293.8","1.01836275",9]],"last":1688671320}}'
)
