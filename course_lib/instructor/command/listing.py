"""`course validate --list`: who would be graded with what, without running anything."""

from course_lib.instructor.intake.find import Found

MOST_SHOWN = 8  # files of one student


def show(found: Found) -> int:
    """Print a class; the code to exit with: 1 if what may be work is nobody's."""
    for one in found.submissions:
        names = [file.name for file in one.sources]
        more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
        print(f"{one.student}: {', '.join(names[:MOST_SHOWN]) or 'nothing'}{more}")
        for sentence in one.found:
            print(f"    {sentence}")
    print(f"\n{len(found.submissions)} submissions")
    if found.not_understood:
        print("\nNot understood:")
        for sentence in found.not_understood:
            print(f"    {sentence}")
        print('If no layout fits, name the student with --by "REGEX"; see the course\'s book.')
    return 1 if found.work_is_left else 0
