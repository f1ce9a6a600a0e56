"""The ASGI application that uvicorn serves."""

import os

from django.core.asgi import get_asgi_application

from curator.uploads import BoundedBody

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "curator.settings")

application = BoundedBody(get_asgi_application())
