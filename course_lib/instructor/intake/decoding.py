"""Text of files whose encoding nobody told."""


def decoded(content: bytes) -> str:
    """Text, whatever wrote it: UTF-8 with or without its mark, UTF-16, else Latin-1."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")
