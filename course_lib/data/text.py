"""Five plays by Shakespeare, as numbers: one code a character, split in the order of the text."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from course_lib.data.bundled import damaged, read_bundled

TEXT_FILE = Path(__file__).with_name("shakespeare.npz")
# SHA-256 of the text itself, in ASCII.
DIGEST = "626f249ea61792648819cf16211d8466c2be19fd8c268ddabeb6ce7df68198e9"
VALIDATION = TEST = 0.1  # of the text; what comes before is for training


@dataclass(frozen=True)
class Text:
    """A text and its three parts.

    Args:
        characters: the whole text.
    """

    characters: str

    @cached_property
    def vocabulary(self) -> str:
        """Every character that occurs, in ASCII's order; a character's place is its code."""
        return "".join(sorted(set(self.characters)))

    def encode(self, characters: str) -> np.ndarray:
        """The codes of some characters, (T,) int64.

        Raises:
            ValueError: one of them doesn't occur in the text.
        """
        place = {character: code for code, character in enumerate(self.vocabulary)}
        if unknown := sorted(set(characters) - set(place)):
            raise ValueError(f"These characters don't occur in the text: {unknown}.")
        return np.array([place[character] for character in characters], np.int64)

    def decode(self, codes: np.ndarray) -> str:
        """The characters that some codes (T,) stand for."""
        return "".join(self.vocabulary[code] for code in codes)

    @property
    def train(self) -> np.ndarray:
        """Codes of the first eight tenths, (T,) int64."""
        return self._codes[: self._borders[0]]

    @property
    def validation(self) -> np.ndarray:
        """Codes of the tenth that follows."""
        return self._codes[slice(*self._borders)]

    @property
    def test(self) -> np.ndarray:
        """Codes of the last tenth."""
        return self._codes[self._borders[1] :]

    @cached_property
    def _codes(self) -> np.ndarray:
        return self.encode(self.characters)

    @property
    def _borders(self) -> tuple[int, int]:
        length = len(self.characters)
        return round(length * (1 - VALIDATION - TEST)), round(length * (1 - TEST))


def load_text() -> Text:
    """The bundled text: Julius Caesar, Othello, Macbeth, Antony and Cleopatra, Coriolanus.

    Training, validation and test are in the order of the text: what is predicted lies after
    all that was learned from.

    Raises:
        DamagedFileError: the file is not the one that comes with the course.
    """
    text = read_bundled(TEXT_FILE, lambda file: file["text"].tobytes())
    if hashlib.sha256(text).hexdigest() != DIGEST:
        raise damaged(TEXT_FILE, "holds another text")
    return Text(text.decode("ascii"))
