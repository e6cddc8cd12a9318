"""User modules: functions that are named by file or by module.

Also those written for TFX, which may import a stand-in where TFX is not installed.
"""

from mlops_components.user_modules.functions import optional_function, user_function
from mlops_components.user_modules.tfx_compat import StatsType, tfx_importable

__all__ = ["StatsType", "optional_function", "tfx_importable", "user_function"]
