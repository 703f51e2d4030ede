import pytest

from course_lib.exercises.registry import get, ids, needs_tensorflow
from course_lib.instructor.judging.requirements import withheld
from course_lib.instructor.judging.source_parts import slices

NUMPY = [one for one in ids() if not needs_tensorflow(one)]


@pytest.mark.parametrize("one", NUMPY)
def test_the_answer_never_goes_into_the_sandbox(one):
    """Nor does that of any exercise that comes later."""
    banned = withheld(one)
    assert one in banned
    modules = {get(other).reference.__module__ for other in NUMPY}
    sent = "\n".join(slices([(module, "") for module in modules], banned).values())
    for other in banned:
        assert f"def {other}(" not in sent
