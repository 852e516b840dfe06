"""What `glidepath.groups`, `glidepath.conversion` and `glidepath.rehearsal` are made of.

`options`      the value of an option of a parameter group, checked
`models`       the parameters of a model, and how a recipe's names are found there
`optimizers`   the optimizers of both frameworks: their options and defaults
`rules`        which optimizer of the other framework has the same rule, and under which conditions
`live`         reads real optimizers
`matching`     two recipes beside each other
`drivers`      what drives a real optimizer's groups
`build`        binds a recipe to a real model: the groups that an optimizer takes
`code`         the Python that makes an optimizer
`real`         makes real optimizers

No module imports a framework that the program has not imported, but for `real`.
"""
