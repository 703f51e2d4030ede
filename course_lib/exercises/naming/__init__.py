"""Naming the idea behind a wrong answer: on evidence only, for a false name costs more than none.

In: a wrong answer, and where it fell.
Out: the sentence of the mistake that explains all that is known of it, or none.
`recognition` asks in turn: `suspects`, `slips` of the right code, `repairs` of the learner's own,
`two_faults`. A small change is one of a node's `variants`, made in the tree by `changes` and
written out by `mutants`; `order_of_changes` says which is tried first.
"""
