"""Numbers in the text form of Prometheus."""

from mlops_pipeline.serving.metrics import ServerMetrics


def test_counters_gauges_and_histograms_are_written() -> None:
    metrics = ServerMetrics()
    metrics.count("a_total", {"x": 'q"\\\n'})
    metrics.count("a_total", {"x": 'q"\\\n'}, 2)
    for seconds in (0.0005, 0.3, 100.0):
        metrics.observe("b_seconds", {}, seconds)
    lines = metrics.text({("c", ()): 1.5}).splitlines()
    assert 'a_total{x="q\\"\\\\\\n"} 3' in lines
    assert "c 1.5" in lines
    assert 'b_seconds_bucket{le="0.001"} 1' in lines
    assert 'b_seconds_bucket{le="0.5"} 2' in lines
    assert 'b_seconds_bucket{le="+Inf"} 3' in lines
    assert "b_seconds_count 3" in lines


def test_the_number_of_series_is_bounded() -> None:
    metrics = ServerMetrics()
    for number in range(5000):
        metrics.count("a", {"x": str(number)})
        metrics.observe("b", {"x": str(number)}, 1)
    assert len(metrics.text({}).splitlines()) < 2000 * 20
