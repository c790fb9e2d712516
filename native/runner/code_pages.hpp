// Memory that the runner has had its use of: pages of code that only loading or reporting takes, and what was freed.
#pragma once

namespace linocut {

// Gives it back to the system, so that it is not in memory beside the arena. Code that is called again is read again.
void release_unused();

}  // namespace linocut
