"""Wavelet noise: an anonymizer of chest radiographs, which `privbench run --anonymizer wavelet-noise` finds."""
