"""Naming the idea behind a wrong answer: on evidence only, for a false name costs more than none.

In: a wrong answer, and where it fell.
Out: the sentence of the mistake that explains all that is known of it, or none.
`suspects` may stand behind it, `slips` are small changes of the right code, `repairs` of the
learner's own, `two_faults` is what is left after one; `recognition` asks them in turn. A small
change is one of a node's `variants`, made in the tree by `changes`; `mutants` writes them out, and
`order_of_changes` says which of the learner's own are tried first.
"""
