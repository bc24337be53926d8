"""What no emulator shows: a control plane that is slow, refuses, loses answers, and kills."""
