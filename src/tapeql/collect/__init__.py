"""What runs beside the exchanges: a journal that loses nothing acknowledged, and a live bus that readers share."""
