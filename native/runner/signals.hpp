// Signals that ask for the end: they are noted, and the step at hand is done.
#pragma once

namespace linocut {

// From then on SIGINT, SIGTERM and SIGHUP are noted; a second one of a kind ends the process as it would.
void note_signals();
// The one that came, or 0.
int noted_signal();

}  // namespace linocut
