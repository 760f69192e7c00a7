"""`python -m autodmca_social_media`: the service, configured by its environment."""

import sys

from autodmca_runtime import run

from autodmca_social_media import app
from autodmca_social_media.config import SocialMediaSettings

if __name__ == "__main__":
    sys.exit(run(app.SERVICE, SocialMediaSettings, app.run))
