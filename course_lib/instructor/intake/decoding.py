"""Text of files whose encoding nobody told."""

import codecs

MARKS = {  # that of UTF-32 begins with one of UTF-16
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def decoded(content: bytes) -> str:
    """Text, whatever wrote it: UTF-8, UTF-16 with or without its mark, UTF-32, else Windows-1252.

    In UTF-16, one of the two bytes of a comma, a digit or a bracket is 0; other text has no zeros.
    Excel writes Windows-1252; the few bytes that mean nothing there are read as Latin-1.
    """
    for mark, encoding in MARKS.items():
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    first, second = content[:2000:2].count(0), content[1:2000:2].count(0)
    if max(first, second) * 10 > len(content[:2000:2]) and min(first, second) == 0:
        return content.decode("utf-16-be" if first else "utf-16-le", "replace")
    for encoding in ("utf-8-sig", "windows-1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")
