"""The run folder: row format, journal, manifest, Parquet tables, shards."""
