"""Gives each process of `pytest -n` its share of the cores, once this is imported: threads of several processes that
share a core wait for each other, and small networks train several times slower.

It counts only before torch and numpy are loaded, and for what the tests start too.
"""

import os

if processes := os.environ.get("PYTEST_XDIST_WORKER_COUNT"):
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // int(processes))))
