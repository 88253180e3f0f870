"""What is worth a sentence about a transfer that has succeeded. No IO."""


def sentence_of(*, renamed: int = 0, skipped: int = 0, faults: int = 0) -> str:
    """Of files that got another name, were left out, or could not be read; empty where there are none."""
    parts = []
    if skipped:
        parts.append(f"{_files(skipped)} {'were' if skipped != 1 else 'was'} here already or left out")
    if renamed:
        parts.append(f"{_files(renamed)} got another name, as theirs was taken")
    if faults:
        parts.append(f"{_files(faults)} could not be read and {'are' if faults != 1 else 'is'} missing")
    return f"{'; '.join(parts)}." if parts else ""


def _files(count: int) -> str:
    return f"{count:,} file{'s' if count != 1 else ''}"
