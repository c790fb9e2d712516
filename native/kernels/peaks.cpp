// The peaks of one instruction set, compiled like its kernels. Only what asks for them links them.
#include "peak.hpp"

namespace linocut {

Peaks LINOCUT_NS::measured_peaks() { return {peak::xnor, peak::int8, peak::signs<8>, peak::signs<4>, peak::floats}; }

}  // namespace linocut
