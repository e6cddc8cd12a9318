"""From functions to IR: components, pipelines, channels, and the rules that they keep."""
