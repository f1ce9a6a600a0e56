"""The ASGI application that uvicorn serves."""

import gc
import os

from django.core.asgi import get_asgi_application
from django.urls import get_resolver

from curator.uploads import BoundedBody

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "curator.settings")

application = BoundedBody(get_asgi_application())

# Every page is loaded before the first is asked for. What is here now stays for good, so the garbage collector need not
# look at it again: a full look would double the time of the page that it falls into.
get_resolver().url_patterns  # noqa: B018 (imports the views)
gc.collect()
gc.freeze()
