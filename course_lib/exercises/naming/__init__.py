"""Naming the idea behind a wrong answer: on evidence only, for a false name costs more than none.

In: a wrong answer, and where it fell.
Out: the sentence of the mistake that explains all that is known of it, or none.
`suspects` holds those who may stand behind it, `slips` small changes of the right code, `repairs`
small changes of the learner's own, `two_faults` what is left after one; `recognition` asks them
in turn.
"""
