"""Records of examples: files of splits, TFRecords, batches, data frames."""
