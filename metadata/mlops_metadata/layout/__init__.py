"""The layout of our records in ML Metadata, which is that of TFX.

`rows` has the rows and their numbers, `records` and `tfx_records` our records as rows and back,
`contexts` where they stand,
`property_values` and `tfx_values` the values of properties, `damage` those that are not what they
should be, `wire` the few messages of protocol buffers that stand in a column. Nothing here needs a
package, or knows a database.
"""

__all__ = ["contexts", "damage", "property_values", "records", "rows", "tfx_records", "wire"]
