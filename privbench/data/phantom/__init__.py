"""Analytic thorax phantoms: synthetic chest radiographs with exact masks, findings and identities."""

from .generate import MIN_SIZE, Phantoms, draw_table, generate
from .render import HEART, LUNG

__all__ = ["HEART", "LUNG", "MIN_SIZE", "Phantoms", "draw_table", "generate"]
