/* spectral_pool_gradient: dX = L^H dY conj(R) (src/linocut/ops/spectral_pool.py). */
#include "spectral_pool.h"

void lino_spectral_pool_gradient(const lino_call* call) { lino_spectral(call, 1); }
