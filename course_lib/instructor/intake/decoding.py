"""Text of files whose encoding nobody told."""

import codecs

MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decoded(content: bytes) -> str:
    """Text, whatever wrote it: UTF-8 or UTF-16 with or without its mark, else Windows-1252.

    In UTF-16, one of the two bytes of a comma, a digit or a bracket is 0; other text has no zeros.
    Excel writes Windows-1252; the few bytes that mean nothing there are read as Latin-1.
    """
    if content.startswith(MARKS):
        return content.decode("utf-16", "replace")
    first, second = content[:2000:2].count(0), content[1:2000:2].count(0)
    if max(first, second) * 10 > len(content[:2000:2]) and min(first, second) == 0:
        return content.decode("utf-16-be" if first else "utf-16-le", "replace")
    for encoding in ("utf-8-sig", "windows-1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")
