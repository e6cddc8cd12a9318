"""`python -m mlops_pipeline.cli` is the command `mlops`."""

from mlops_pipeline.cli import main

main()
