"""`python -m autodmca_edge`: one edge node, configured by the environment."""

import sys

from autodmca_runtime import run

from autodmca_edge.app import main
from autodmca_edge.config import EdgeSettings

if __name__ == "__main__":
    sys.exit(run("edge", EdgeSettings, main))
