/* spectral_pool: y = L x R^T of images of complex numbers (src/linocut/ops/spectral_pool.py). */
#include "spectral_pool.h"

void lino_spectral_pool(const lino_call* call) { lino_spectral(call, 0); }
