"""ARM machines that qemu-user emulates: a Debian arm64 root, cnnkit in it, and what differs from this machine."""
