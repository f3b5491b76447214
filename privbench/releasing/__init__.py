"""A method that was judged, applied to a folder of radiographs: the release, file by file."""
