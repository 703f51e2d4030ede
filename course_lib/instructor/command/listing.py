"""`course validate --list`: who would be graded with what, without running anything."""

from course_lib.instructor.command.shown import shown
from course_lib.instructor.command.validate import in_shard
from course_lib.instructor.intake.find import Found

MOST_SHOWN = 8  # files of one student


def show(found: Found, shard: tuple[int, int] = (1, 1)) -> int:
    """Print a class, or a part of it; the code to exit with: 1 if what may be work is nobody's."""
    submissions = [one for one in found.submissions if in_shard(one, shard)]
    for one in submissions:
        names = [file.name for file in one.sources]
        more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
        print(shown(f"{one.student}: {', '.join(names[:MOST_SHOWN]) or 'nothing'}{more}"))
        for sentence in one.look():
            print(f"    {shown(sentence)}")
    print(f"\n{len(submissions)} submission{'s' * (len(submissions) != 1)}")
    if found.not_understood:
        print("\nNot understood:")
        for sentence in found.not_understood:
            print(f"    {shown(sentence)}")
        print('If no layout fits, name the student with --by "REGEX"; see the course\'s book.')
    return 1 if found.work_is_left else 0
