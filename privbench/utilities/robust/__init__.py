"""The robust recipe of a classifier, after Gündel et al., "Robust classification from noisy labels" (MedIA 2021)."""
