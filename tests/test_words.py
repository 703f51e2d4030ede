import pytest

from course_lib.words import listed, with_powers


@pytest.mark.parametrize(
    ("words", "text"),
    [([], ""), (["one"], "one"), (["one", "two"], "one and two"),
     (["one", "two", "three"], "one, two and three")],
)  # fmt: skip
def test_a_list_ends_with_and(words, text):
    assert listed(words) == text


@pytest.mark.parametrize(
    ("program", "text"),
    [
        ("4e-05", "4~×~10⁻⁵"),
        ("1e-5, 1e+06 and 1e0", "10⁻⁵, 10⁶ and 10⁰"),
        ("1.0e-5 (9e−6 to 2.5e-12).", "1.0~×~10⁻⁵ (9~×~10⁻⁶ to 2.5~×~10⁻¹²)."),
        ("float1e5, v0.1e-5x, 3 e-mails", "float1e5, v0.1e-5x, 3 e-mails"),
        ("commit 7e12345", "commit 7e12345"),
    ],
)
def test_a_power_of_ten_is_written_as_people_write_it(program, text):
    assert with_powers(program) == text.replace("~", "\N{NO-BREAK SPACE}")
