"""What `glidepath.groups`, `glidepath.conversion` and `glidepath.rehearsal` are made of.

`options`      the value of an option of a parameter group, checked
`models`       the parameters of a model, and how a recipe's names are found there
`optimizers`   the optimizers of both frameworks: their options and defaults
`rules`        which optimizer of the other framework has the same rule, and under which conditions
`live`         reads real optimizers
`build`        makes real optimizers

No module imports a framework that the program has not imported, but for `build`.
"""
