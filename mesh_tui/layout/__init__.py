"""What is painted, worked out without a screen: text in, lines of styled text out.

Nothing here imports Textual, does IO or reads a clock, so all of it is tested as plain functions.
"""
