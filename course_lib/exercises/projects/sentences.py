"""What a learner reads of a hand-in that reaches no mark, or isn't there yet."""

from course_lib.exercises.projects.project import Project, View

FAR_WORSE = -2  # one guess in place of another loses no more


def first_step(project: Project) -> str:
    """Of a function that isn't written yet."""
    return (
        f"{project.id} isn't written yet. Train a network, save it as {project.file}, and write "
        f"{project.id} in place of the line `raise NotImplementedError`."
    )


def trained_on_a_view(project: Project, score: float, view: View, reached: float) -> str:
    """Of a network that was trained on inputs as a view shows them."""
    it_may = f", unless {project.id} is what changes them" if project.network is None else ""
    return (
        f"{_first_mark(project, score)} Shown {view.words}, it comes to {project.read(reached)}: "
        f"was your network trained on such ones? It has to read them as they come{it_may}."
    )


def too_little(project: Project, score: float) -> str:
    """Of a score below the first mark, and of one that a guess would reach."""
    first = _first_mark(project, score)
    if score > project.chance:
        return first
    if project.run is not None and score < FAR_WORSE:
        return (
            f"{first} That is far worse than a guess: it is sure of what is wrong. Does each step "
            "go down the gradient, and not up? Does what it predicts wait for its error until the "
            "next character is there? It is read as logits, not as counts or probabilities."
        )
    if project.run is not None:  # it learns while it is judged, from whatever it begins with
        return (
            f"{first} That is no better than a guess: does it learn at every step, and does it "
            "return what it has learned? What it predicts is read as logits, not as probabilities."
        )
    return (
        f"{first} That is no better than a guess: are these the arrays that {project.id} was "
        "written for, and are they trained?"
    )


def more_than_there_is(project: Project, score: float) -> str:
    """Of a score that nobody can have reached honestly."""
    return (
        f"{project.read(score)} is more than there is to be had: {project.id} must have seen what "
        "it had to predict."
    )


def _first_mark(project: Project, score: float) -> str:
    return f"The first mark is {project.read(project.marks[0])}, this is {project.read(score)}."
