"""Analytic thorax phantoms: synthetic chest radiographs with exact masks, findings and identities."""

from .generate import MIN_SIZE, Phantoms, draw_table, generate
from .render import HEART, LUNG
from .scanners import SCANNERS
from .spreads import FIELD_CM

__all__ = ["FIELD_CM", "HEART", "LUNG", "MIN_SIZE", "SCANNERS", "Phantoms", "draw_table", "generate"]
