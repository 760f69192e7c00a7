"""`python -m autodmca_service.workers ORDERS`: one worker. A pool starts it."""

from __future__ import annotations

from autodmca_service.workers.process import main

if __name__ == "__main__":
    main()
