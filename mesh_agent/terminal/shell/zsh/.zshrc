# What zsh reads first in a shared terminal: what it always reads, and then a mark in the prompt.
ZDOTDIR=${MESH_ZDOTDIR:-$HOME}
[ -f "$ZDOTDIR/.zshrc" ] && . "$ZDOTDIR/.zshrc"
PS1="(shared) $PS1"
unset MESH_ZDOTDIR MESH_ZDOTDIR_OWN
