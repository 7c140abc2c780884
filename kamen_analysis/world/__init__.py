"""A synthetic world of complaint posts with known truth, and a complaint board that serves it on loopback. None of it is real.

`draw.world` draws the world, `draw.tables` gives its truth as the project's own tables, `truth` has the expected values in closed
form, and `site.serve` runs the board. It tests the statistics and the pipeline, not the accuracy of the categoriser: its texts were
written with the rules in view.
"""
