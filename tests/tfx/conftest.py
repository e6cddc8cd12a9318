import importlib
import importlib.util
import os
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# Other environments deselect these tests, but cannot import them either.
if importlib.util.find_spec("tfx") is None:
    collect_ignore_glob = ["test_*.py"]
else:
    # What TFX imports warns of Python 3.10 and of much else, which is not ours to mend.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.import_module("tfx.v1")
