"""The metadata store: its records, the protocol of a back end, one in memory, opening by URL."""
