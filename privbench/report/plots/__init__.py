"""The plots of the report, each drawn by one function, for files and for the page alike."""
