"""Code blocks: source text to fragments whose roles the theme colours.

Strategy: only the lexers named here run, and only on short sources: a lexer is a set of regular
expressions that meets whatever a stranger pasted, so the choice and the size are bounded. Anything else is
painted as it is. Pygments is imported when the first block of code is laid out.
"""

from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Final

from mesh_tui.layout.cells import Fragment

if TYPE_CHECKING:
    from pygments.lexer import Lexer
    from pygments.token import _TokenType

SOURCE_CHARS: Final = 4_000
"""The longest source that is coloured."""

LEXERS: Final = {
    "bash": "bash", "sh": "bash", "shell": "bash", "zsh": "bash", "console": "console",
    "c": "c", "h": "c", "cpp": "cpp", "c++": "cpp", "cs": "csharp", "csharp": "csharp",
    "css": "css", "diff": "diff", "patch": "diff", "docker": "docker", "dockerfile": "docker",
    "go": "go", "html": "html", "ini": "ini", "java": "java", "js": "javascript", "javascript": "javascript",
    "json": "json", "kotlin": "kotlin", "lua": "lua", "make": "make", "php": "php", "py": "python",
    "python": "python", "rb": "ruby", "ruby": "ruby", "rs": "rust", "rust": "rust", "sql": "sql",
    "toml": "toml", "ts": "typescript", "typescript": "typescript", "xml": "xml", "yaml": "yaml",
    "yml": "yaml",
}  # fmt: skip
"""Word after the fence -> name of the Pygments lexer."""

_ROLES: Final = {
    "Token.Keyword": "code-keyword",
    "Token.Keyword.Type": "code-type",
    "Token.Operator.Word": "code-keyword",
    "Token.Literal.String": "code-string",
    "Token.Literal.Number": "code-number",
    "Token.Keyword.Constant": "code-number",
    "Token.Comment": "code-comment",
    "Token.Name.Function": "code-function",
    "Token.Name.Class": "code-function",
    "Token.Name.Decorator": "code-function",
    "Token.Name.Builtin": "code-type",
    "Token.Name.Tag": "code-keyword",
    "Token.Name.Attribute": "code-function",
    "Token.Generic.Inserted": "code-function",
    "Token.Generic.Deleted": "code-keyword",
    "Token.Generic.Heading": "code-comment",
    "Token.Generic.Subheading": "code-type",
    "Token.Generic.Prompt": "code-comment",
}


def highlight(source: str, language: str) -> list[list[Fragment]]:
    """The lines of `source` as fragments; each fragment's first role is `code`."""
    lexer = _lexer(LEXERS.get(language.lower(), "")) if len(source) <= SOURCE_CHARS else None
    lines = _coloured(source, lexer) if lexer else []
    if not lines or "\n".join("".join(text for text, _ in line) for line in lines) != source:
        # No lexer, or one that swallows something: what was written counts more than its colours.
        return [[Fragment(line, "code")] for line in source.split("\n")]
    return lines


def _coloured(source: str, lexer: "Lexer") -> list[list[Fragment]]:
    lines: list[list[Fragment]] = [[]]
    # Lexers count on the newline at the end of a file.
    tokens = lexer.get_tokens_unprocessed(f"{source}\n")
    for role, group in groupby(tokens, key=lambda token: _role(token[1])):
        first, *rest = "".join(text for _, _, text in group).split("\n")
        lines[-1].append(Fragment(first, role))
        lines.extend([Fragment(part, role)] for part in rest)
    return [[fragment for fragment in line if fragment.text] for line in lines[:-1]]


@lru_cache(maxsize=256)
def _role(token: "_TokenType") -> str:
    while token.parent is not None:
        if role := _ROLES.get(str(token)):
            return f"code {role}"
        token = token.parent
    return "code"


@lru_cache(maxsize=len(LEXERS))
def _lexer(name: str) -> "Lexer | None":
    if not name:
        return None
    from pygments.lexers import get_lexer_by_name

    return get_lexer_by_name(name)
