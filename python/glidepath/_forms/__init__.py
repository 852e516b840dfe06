"""A schedule as a framework's own: which of its functions and classes give it, with which arguments.

::

    form        what the forms share: the nodes of a closed form, and their arguments in MindSpore's words
    lists       MindSpore's list functions, one after another where there are several parts
    classes     MindSpore's LearningRateSchedule classes
    schedulers  torch's schedulers, and MindSpore's experimental ones
    live        what is converted: a schedule, or that of a live scheduler

Each returns a `Form`, or raises `NoForm` with the reason. Whether a form's values are the schedule's is not decided
here: `convert` compares them.
"""
