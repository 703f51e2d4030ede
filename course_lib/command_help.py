"""Help of the command `course`: as wide as the terminal, down to 40 columns, no word broken."""

import shutil
import sys
from functools import partial

import typer
import typer.core

from course_lib import interrupted
from course_lib.closed_pipe import end_quietly

# In the order in which people need them: learners, instructors, readers of numbers, contributors.
ORDER = (
    *("doctor", "start", "progress", "check", "hint", "solution", "audit-gpu"),
    *("validate", "similar", "grades", "weeks", "gradescope", "export", "ci"),
    *("reproduce", "bench", "gpu", "notebooks", "prove"),
)
NARROW = 60  # columns: with fewer, what an option does stands below it
NO_DESCRIPTIONS = (
    "Descriptions are missing: Python leaves them out where PYTHONOPTIMIZE is 2. "
    "Unset it to see them."
)
Context = typer.core.TyperGroup.context_class


class Formatter(Context.formatter_class):
    """Lists in two columns where there is room for two."""

    def write_dl(self, rows, col_max=30, col_spacing=2):
        """A list of names with what they mean."""
        super().write_dl(rows, 0 if self.width < NARROW else col_max, col_spacing)


class HelpContext(Context):
    """What the help of a command is made in."""

    formatter_class = Formatter


class Group(typer.core.TyperGroup):
    """Commands, each with help as wide as the terminal, and no sentence cut short."""

    context_class = HelpContext

    def main(self, *arguments, **options):
        """The command that was asked for; a reader that has seen enough is no fault."""
        early = interrupted.is_set()
        try:
            return end_quietly(partial(super().main, *arguments, **options))
        finally:
            if early:  # Python shuts down next
                interrupted.end_at_once("course")

    def invoke(self, ctx):
        """Ctrl-C ends every command in one line, with what shells know as its exit code."""
        try:
            interrupted.raise_again()
            return super().invoke(ctx)
        except KeyboardInterrupt:
            print("\rcourse: stopped.", file=sys.stderr)
            raise typer.Exit(interrupted.EXIT_CODE) from None

    def get_command(self, ctx, cmd_name):
        """The command of that name, with the same help."""
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            command.context_class = HelpContext
        return command

    def list_commands(self, ctx):
        """The commands, in the order of use where one is set."""
        place = {name: number for number, name in enumerate(ORDER)}
        return sorted(super().list_commands(ctx), key=lambda name: place.get(name, len(ORDER)))

    def make_context(self, *arguments, **options):
        """Typer's own help is never narrower than 50 columns."""
        width = max(40, min(80, shutil.get_terminal_size().columns))
        return super().make_context(*arguments, **{"terminal_width": width, **options})

    def format_commands(self, ctx, formatter):
        """Each command with the whole first sentence of its help."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, one.get_short_help_str(limit=200)) for name, one in commands]
            )
        if sys.flags.optimize > 1:
            formatter.write_paragraph()
            formatter.write_text(NO_DESCRIPTIONS)
